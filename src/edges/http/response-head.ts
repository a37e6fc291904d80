import type { ServerResponse } from 'node:http';
import vary from 'vary';
import { keepUnshared } from './cache-headers.js';
import { type HeadArguments, rehearseHead } from './head-rehearsal.js';

/** What a session adds to the head of a response. */
export interface HeadAddition {
  /** A Set-Cookie value, where the client must be told something. */
  readonly cookie: string | undefined;
}

type Field = readonly [name: string, value: string | string[]];

/**
 * Adds to a head that is about to leave: the response depends on the session, and may carry its cookie. Returns what to
 * call `writeHead` with. Adding twice is as good as once, for a head that was refused and is written again.
 * @throws what node throws of such a head
 */
export function addToHead(
  response: ServerResponse,
  args: HeadArguments,
  additions: readonly (HeadAddition | undefined)[],
): HeadArguments {
  const cookies = cookiesOf(additions);
  if (!cookies) return args;
  const headers = headersOf(args);
  if (cookies.length === 0 && canVary(response, headers)) {
    return withoutHeaders(args, { ...headers, Vary: 'Cookie' });
  }
  if (headers) {
    rehearseHead(response, args);
    mergeHeaders(response, headers);
  }
  vary(response, 'Cookie');
  if (cookies.length > 0) {
    addCookies(response, cookies);
    keepUnshared(response);
  }
  return withoutHeaders(args);
}

const NO_COOKIES: readonly string[] = [];

/** The cookies that are added; `undefined` where nothing is. */
function cookiesOf(
  additions: readonly (HeadAddition | undefined)[],
): readonly string[] | undefined {
  let cookies: string[] | undefined;
  let isAdded = false;
  for (const addition of additions) {
    if (!addition) continue;
    isAdded = true;
    if (addition.cookie !== undefined) (cookies ??= []).push(addition.cookie);
  }
  return cookies ?? (isAdded ? NO_COOKIES : undefined);
}

function withoutHeaders([status, reason]: HeadArguments, ...others: object[]): HeadArguments {
  return typeof reason === 'string' ? [status, reason, ...others] : [status, ...others];
}

function headersOf([, second, third]: HeadArguments): object | undefined {
  const headers = typeof second === 'string' ? third : (second ?? third);
  return headers ?? undefined;
}

/**
 * Whether `Vary: Cookie` may just be put beside other headers for `writeHead`. Most responses that only read need no
 * more, and it is much cheaper than setting each header anew.
 */
function canVary(response: ServerResponse, headers: object | undefined): boolean {
  if (typeof headers !== 'object' || Array.isArray(headers) || response.hasHeader('Vary'))
    return false;
  for (const name in headers) {
    if (name.length === 4 && name.toLowerCase() === 'vary') return false;
  }
  return true;
}

function addCookies(response: ServerResponse, cookies: readonly string[]): void {
  const known = [response.getHeader('Set-Cookie') ?? []].flat();
  for (const cookie of cookies) {
    if (!known.includes(cookie)) response.appendHeader('Set-Cookie', cookie);
  }
}

/** Sets headers as `writeHead` would: they replace those set before, and a list may name one several times. */
function mergeHeaders(response: ServerResponse, headers: object): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers) as Field[]) {
      if (name) response.setHeader(name, value);
    }
    return;
  }
  const fields = fieldsOf(headers);
  for (const [name] of fields) {
    if (response.hasHeader(name)) response.removeHeader(name);
  }
  for (const [name, value] of fields) response.appendHeader(name, value);
}

/** The fields of a list: of pairs, or of names and values in turn. */
function fieldsOf(list: unknown[]): Field[] {
  if (Array.isArray(list[0])) return list as Field[];
  const fields: Field[] = [];
  for (let index = 0; index < list.length; index += 2) {
    if (list[index]) fields.push([list[index] as string, list[index + 1] as string]);
  }
  return fields;
}
