import { SessionBackendError } from '../../errors/session-backend.error.js';
import { SessionEndedError } from '../../errors/session-ended.error.js';
import { SessionGoneError } from '../../errors/session-gone.error.js';
import { SessionTokenError } from '../../errors/session-token.error.js';
import { SessionValueError } from '../../errors/session-value.error.js';

/**
 * An error of a session as the `WsException` that Nest sends to a client, with the error as its `cause`; every other error
 * as it is.
 * @param warn where goes what a developer has to mend, which Nest logs of no WsException
 */
export async function wsException(
  error: unknown,
  warn: (reason: string) => void,
): Promise<unknown> {
  const message = messageFor(error);
  if (message === undefined) return error;
  if (isMistake(error)) warn(`${error.name}: ${error.message}`);
  return toldAs(message, error);
}

/** An error as the `WsException` that tells a client of it. Loaded when first needed: only an application with gateways has it. */
export async function toldAs(message: string, error: unknown): Promise<unknown> {
  try {
    const { WsException } = await import('@nestjs/websockets');
    return Object.assign(new WsException(message), { cause: error });
  } catch {
    return error;
  }
}

/** What a client is told, which is nothing of what only developers should know. */
function messageFor(error: unknown): string | undefined {
  if (error instanceof SessionBackendError) return 'Service Unavailable';
  if (error instanceof SessionGoneError || error instanceof SessionEndedError) {
    return 'The session has ended. Connect again.';
  }
  if (error instanceof SessionTokenError) return error.message;
  return error instanceof SessionValueError ? 'Internal server error' : undefined;
}

function isMistake(error: unknown): error is Error {
  return error instanceof SessionTokenError || error instanceof SessionValueError;
}
