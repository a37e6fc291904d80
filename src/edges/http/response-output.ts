import type { ServerResponse } from 'node:http';

/** What describes the body that a failure replaces, or promises what did not happen. */
const BODY_HEADERS = [
  'connection',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'content-disposition',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
  'cache-control',
  'location',
  'set-cookie',
  'trailer',
];

/** When a client may ask again after a 503: a backend that is back is noticed within it. */
export const RETRY_AFTER_SECONDS = 1;

/** Turns a response whose head has not left into an error; returns the body to end it with. */
export function toErrorResponse(response: ServerResponse, error: unknown): string {
  for (const name of BODY_HEADERS) response.removeHeader(name);
  const isUnavailable = (error as { getStatus?: () => number }).getStatus?.() === 503;
  const statusCode = isUnavailable ? 503 : 500;
  const message = isUnavailable ? 'Service Unavailable' : 'Internal Server Error';
  response.statusCode = statusCode;
  response.statusMessage = message;
  const body = JSON.stringify({ statusCode, message });
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (isUnavailable) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  return body;
}

/** Calls the callback among the arguments of a `write` or `end` that never took place. */
export function runCallback(args: readonly unknown[], error?: Error): void {
  const callback = args.findLast((arg) => typeof arg === 'function') as
    ((error?: Error) => void) | undefined;
  if (callback) process.nextTick(callback, error);
}

/** Throws in the caller, as node does, what would otherwise come to light when the output is replayed. */
export function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new RangeError(`Invalid status code: ${status}`);
  }
}

export function checkChunk(chunk: unknown, mayBeMissing: boolean): void {
  if (typeof chunk === 'string' || ArrayBuffer.isView(chunk)) return;
  if (mayBeMissing && (chunk === undefined || chunk === null || typeof chunk === 'function'))
    return;
  throw new TypeError(
    `The chunk must be text or bytes, not ${chunk === null ? 'null' : typeof chunk}`,
  );
}
