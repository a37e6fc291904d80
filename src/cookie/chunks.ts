import { cookieValues } from '../transports/cookie.js';

/** What browsers keep of one cookie, in bytes: its name, its value and its attributes (RFC 6265, 6.1). */
const COOKIE = 4096;
/** What of that is for the name and the attributes. */
export const AROUND = 256;
/** Characters of a value in one cookie. */
const CHUNK = COOKIE - AROUND;
/** How many cookies one value takes at the most: 8 KB in all. */
export const MAX_CHUNKS = 2;
/** Characters of the longest text that can be split: before it stands in how many cookies it is. */
export const MAX_LENGTH = MAX_CHUNKS * CHUNK - 1;
/** How often joining is tried where a client has several cookies of one name, for several paths or domains. */
const MAX_TRIES = 4;

/** A text as it came, which may be none of ours, and in how many cookies. */
export interface Joined {
  readonly text: string;
  readonly count: number;
}

export function chunkName(name: string, place: number): string {
  return place === 0 ? name : `${name}.${place}`;
}

/** In how many cookies a text of some characters goes. */
export function chunkCount(length: number): number {
  return Math.ceil((length + 1) / CHUNK);
}

/** The values of the cookies for a text, in the order of their places. */
export function split(text: string): string[] {
  const all = chunkCount(text.length) + text;
  return Array.from({ length: chunkCount(text.length) }, (_, place) =>
    all.slice(place * CHUNK, (place + 1) * CHUNK),
  );
}

/** The texts that cookies of one name may hold, of which none is longer than what `split` takes. */
export function* joined(header: string, name: string): Generator<Joined> {
  let tries = 0;
  for (const first of cookieValues(header, name)) {
    const count = Number(first[0]);
    if (!(count >= 1 && count <= MAX_CHUNKS)) continue;
    for (const rest of chunksFrom(header, name, 1, count)) {
      const all = first + rest;
      if (isWhole(first, all, count)) yield { text: all.slice(1), count };
      if (++tries === MAX_TRIES) return;
    }
  }
}

function* chunksFrom(
  header: string,
  name: string,
  place: number,
  count: number,
): Generator<string> {
  if (place === count) return yield '';
  for (const value of cookieValues(header, chunkName(name, place))) {
    for (const rest of chunksFrom(header, name, place + 1, count)) yield value + rest;
  }
}

function isWhole(first: string, all: string, count: number): boolean {
  return first.length <= CHUNK && chunkCount(all.length - 1) === count;
}
