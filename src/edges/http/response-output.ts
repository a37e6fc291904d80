import { ServerResponse, STATUS_CODES } from 'node:http';
import { isUint8Array } from 'node:util/types';
import { HttpException, InternalServerErrorException } from '@nestjs/common';
import { removeTargetedFields } from './cache-headers.js';

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
  'expires',
  'location',
  'set-cookie',
  'session-token',
  'trailer',
];

/** When a client may ask again after a 503: a backend that is back is noticed within it. */
export const RETRY_AFTER_SECONDS = 1;

/** Turns a response whose head has not left into an error; returns the body to end it with. */
export function toErrorResponse(response: ServerResponse, error: unknown): string {
  for (const name of BODY_HEADERS) response.removeHeader(name);
  removeTargetedFields(response);
  const exception = error instanceof HttpException ? error : new InternalServerErrorException();
  const statusCode = exception.getStatus();
  response.statusCode = statusCode;
  response.statusMessage = STATUS_CODES[statusCode]!;
  const body = JSON.stringify(exception.getResponse());
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (statusCode === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  return body;
}

/** Has node throw in the caller what would otherwise come to light when the output is replayed. */
export function checkChunk(response: ServerResponse, chunk: unknown): void {
  if (typeof chunk !== 'string' && !isUint8Array(chunk)) nowhere(response).write(chunk);
}

/** Calls the callback among the arguments of a `write` or `end` whose output is dropped. */
export function runCallback(args: readonly unknown[]): void {
  const callback = callbackOf(args);
  if (callback) process.nextTick(callback);
}

/** Calls it as node does where the connection is gone. */
export function abortCallback(response: ServerResponse, args: readonly unknown[]): void {
  const callback = callbackOf(args);
  if (callback) nowhere(response).destroy().write('', callback);
}

function callbackOf(args: readonly unknown[]): ((error?: Error | null) => void) | undefined {
  return args.findLast((arg) => typeof arg === 'function') as (() => void) | undefined;
}

/** A response of node's own that nobody receives, to ask what node would do. */
function nowhere(response: ServerResponse): ServerResponse {
  return new ServerResponse(response.req);
}
