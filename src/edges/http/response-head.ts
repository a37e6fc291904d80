import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import vary from 'vary';

/** What a session adds to the head of a response. */
export interface HeadAddition {
  /** A Set-Cookie value, where the client must be told something. */
  readonly cookie: string | undefined;
}

/** Adds to a head that is about to leave: the response depends on the session, and may carry its cookie. */
export function addToHead(response: ServerResponse, addition: HeadAddition | undefined): void {
  if (!addition) return;
  vary(response, 'Cookie');
  if (addition.cookie === undefined) return;
  response.appendHeader('Set-Cookie', addition.cookie);
  if (isForSharedCaches(response)) response.setHeader('Cache-Control', 'no-store');
}

/**
 * Whether shared caches may keep a response as its handler left it. One that carries a token must never be kept there:
 * everybody would get it (OWASP, "Web Content Caching").
 */
function isForSharedCaches(response: ServerResponse): boolean {
  const cacheControl = response.getHeader('Cache-Control');
  return cacheControl === undefined || /\b(public|s-maxage)\b/i.test(String(cacheControl));
}

/**
 * Headers for `writeHead` with `Vary: Cookie`, where that is all that is to be added and nothing varies yet. This is
 * what most responses that only read need, and much cheaper than setting each header anew.
 */
export function varyingHeaders(
  response: ServerResponse,
  addition: HeadAddition,
  headers: unknown,
): OutgoingHttpHeaders | undefined {
  const isPlain = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  if (!isPlain || addition.cookie !== undefined || response.hasHeader('Vary')) return undefined;
  for (const name in headers) {
    if (name.length === 4 && name.toLowerCase() === 'vary') return undefined;
  }
  return { ...headers, Vary: 'Cookie' };
}

/** Sets headers as `writeHead` takes them, so that one set before is kept where `writeHead` would replace it. */
export function mergeHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    for (let i = 0; i < headers.length; i += 2) response.removeHeader(headers[i] as string);
    for (let i = 0; i < headers.length; i += 2) {
      response.appendHeader(headers[i] as string, headers[i + 1] as string);
    }
  } else if (headers) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
  }
}
