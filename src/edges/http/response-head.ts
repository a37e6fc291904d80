import type { ServerResponse } from 'node:http';
import vary from 'vary';
import type { TokenField } from '../../transports/transport.js';
import { keepUnshared, keepUnstored } from './cache-headers.js';
import { type HeadArguments, rehearseHead } from './head-rehearsal.js';

/** What a session adds to the head of a response. */
export interface HeadAddition {
  /** The request's headers that decided which session it is. */
  readonly vary: string;
  /** What tells the client of its token, where it must be told. */
  readonly token: TokenField | undefined;
}

type Field = readonly [name: string, value: string | string[]];

/**
 * Adds to a head that is about to leave: the response depends on the session, and may carry its token. Returns what to
 * call `writeHead` with. Adding twice is as good as once, for a head that was refused and is written again.
 * @throws what node throws of such a head
 */
export function addToHead(
  response: ServerResponse,
  args: HeadArguments,
  additions: readonly (HeadAddition | undefined)[],
): HeadArguments {
  const added = additions.filter((addition) => addition !== undefined);
  const [first] = added;
  if (!first) return args;
  const headers = headersOf(args);
  if (added.length === 1 && !first.token && canVary(response, headers)) {
    return withoutHeaders(args, { ...headers, Vary: first.vary });
  }
  if (headers) {
    rehearseHead(response, args);
    mergeHeaders(response, headers);
  }
  for (const addition of added) {
    vary(response, addition.vary);
    if (addition.token) addToken(response, addition.token);
  }
  return withoutHeaders(args);
}

function withoutHeaders([status, reason]: HeadArguments, ...others: object[]): HeadArguments {
  return typeof reason === 'string' ? [status, reason, ...others] : [status, ...others];
}

function headersOf([, second, third]: HeadArguments): object | undefined {
  const headers = typeof second === 'string' ? third : (second ?? third);
  return headers ?? undefined;
}

/**
 * Whether `Vary` may just be put beside other headers for `writeHead`. Most responses that only read need no
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

function addToken(response: ServerResponse, { name, values }: TokenField): void {
  if (name === 'Session-Token') {
    response.setHeader(name, values[0]!);
    return keepUnstored(response);
  }
  const known = [response.getHeader(name) ?? []].flat();
  for (const value of values) if (!known.includes(value)) response.appendHeader(name, value);
  keepUnshared(response);
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
