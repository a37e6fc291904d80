/**
 * What Redis answers to a command, and nothing else. In a transaction that the application has opened on the connection a
 * client gives `'QUEUED'` for every command, and in a legacy mode it may give nothing: neither has done what was asked.
 */

/** @throws Error where it is none */
export function integerReply(command: string, reply: unknown): number {
  if (typeof reply === 'number') return reply;
  // Of a client with `stringNumbers`.
  if (typeof reply === 'string' && /^-?\d+$/.test(reply)) return Number(reply);
  throw unexpected(command, reply);
}

/** @throws Error where it is none, or not of that many */
export function listReply(command: string, reply: unknown, length?: number): unknown[] {
  if (Array.isArray(reply) && reply.length === (length ?? reply.length)) return reply;
  throw unexpected(command, reply);
}

/** Text, or `null` for a key that there is not. @throws Error where it is neither */
export function textReply(command: string, reply: unknown): string | null {
  if (typeof reply === 'string' || reply === null) return reply;
  throw unexpected(command, reply);
}

/** @throws Error where it is anything else */
export function okReply(command: string, reply: unknown): true {
  if (reply === 'OK') return true;
  throw unexpected(command, reply);
}

/** Named by its type: what it holds may be a session's. */
function unexpected(command: string, reply: unknown): Error {
  const kind = Array.isArray(reply) ? 'array' : reply === null ? 'null' : typeof reply;
  return new Error(
    `the client answered ${command} with a reply of type ${kind} that Redis does not give to it, so it is not known to be done: give RedisBackend a client of its own, which is in no transaction (MULTI) and in no legacy mode`,
  );
}
