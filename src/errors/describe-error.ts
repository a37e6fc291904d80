/** Causes within causes, and parts of one, that are told at the most: messages are for people. */
const MAX_DEPTH = 4;
const MAX_PARTS = 3;
const MAX_LENGTH = 500;

/**
 * What went wrong, with what it was caused by, in one line for logs and messages. Passwords in URLs are taken out.
 *
 * By shape: an error of another realm, as node's own are under Jest, is no `instanceof Error`.
 */
export function describeError(error: unknown): string {
  const text = scrub(describe(error, MAX_DEPTH)).replaceAll(/\s*\n\s*/g, ' ');
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

interface ErrorLike {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  /** Of an `AggregateError`: what `localhost` gives that has an IPv4 and an IPv6 address, with no message of its own. */
  readonly errors?: unknown;
  /** Of ioredis' `ClusterAllFailedError`. */
  readonly lastNodeError?: unknown;
}

function describe(error: unknown, depth: number): string {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return typeof error;
  const { name, message, code, cause, errors, lastNodeError } = error as ErrorLike;
  const parts = Array.isArray(errors) ? errors.slice(0, MAX_PARTS) : [];
  let text = typeof message === 'string' ? message : '';
  if (text === '' && depth > 0) text = parts.map((part) => describe(part, depth - 1)).join('; ');
  if (text === '') text = typeof name === 'string' ? name : '';
  else if (typeof name === 'string' && name !== 'Error') text = `${name}: ${text}`;
  if (typeof code === 'string' && !text.includes(code)) text += ` (${code})`;
  const origin = cause ?? lastNodeError;
  if (origin === undefined || depth === 0) return text || 'an error that says nothing';
  const reason = describe(origin, depth - 1);
  return text.includes(reason) ? text : `${text}, caused by ${reason}`;
}

/** The user and password of a URL may hold any character but white space. */
function scrub(text: string): string {
  return text
    .replaceAll(/:\/\/[^\s'"<>]*@/g, '://***@')
    .replaceAll(/([?&](?:password|pass|auth|token|secret)=)[^&\s'"]+/gi, '$1***');
}
