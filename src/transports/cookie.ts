import { stringifySetCookie } from 'cookie';
import type { ResolvedCookieOptions } from '../session.options.js';
import type { Signature } from './signature.js';
import { readSigned, SIGNED_LENGTH, type SignedToken, signToken } from './signed-token.js';

const MARK = 's:';
/** Longest value worth decoding: each of its characters percent-encoded. */
const MAX_VALUE_LENGTH = 3 * (MARK.length + SIGNED_LENGTH);
/** How many values of one cookie name are looked at: a client may hold several, for several paths and domains. */
const MAX_CANDIDATES = 4;

const NONE: readonly SignedToken[] = [];

/**
 * The tokens in a Cookie header whose signatures are right, at most four. More than one comes where a client has cookies
 * of one name for several paths or domains. Takes what cookie-parser takes: `s:<token>.<signature>`, URI-encoded.
 */
export function readTokens(
  header: string | undefined,
  name: string,
  signatures: readonly Signature[],
): readonly SignedToken[] {
  if (!header) return NONE;
  const tokens: SignedToken[] = [];
  for (const value of cookieValues(header, name)) {
    const decoded = cookieText(value, MAX_VALUE_LENGTH);
    if (!decoded.startsWith(MARK)) continue;
    const signed = readSigned(decoded.slice(MARK.length), signatures);
    if (signed) tokens.push(signed);
  }
  return tokens;
}

/** The first values of one cookie in a header, without parsing the others, as they stand there. At most four. */
export function cookieValues(header: string, name: string): string[] {
  const values: string[] = [];
  const start = `${name}=`;
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + 1)) {
    if (!isPairStart(header, at)) continue;
    const end = header.indexOf(';', at);
    values.push(header.slice(at + start.length, end === -1 ? undefined : end).trim());
    if (values.length === MAX_CANDIDATES || end === -1) break;
    at = end;
  }
  return values;
}

function isPairStart(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) before--;
  return before < 0 || header[before] === ';';
}

/** The text of a value; empty where it is longer than so many characters, or broken. */
export function cookieText(value: string, maxLength: number): string {
  if (value.length > maxLength) return '';
  const bare = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  try {
    return decodeURIComponent(bare);
  } catch {
    return '';
  }
}

/** A Set-Cookie value that gives the client a token for `maxAgeSeconds`, or until it is closed. */
export function tokenCookie(
  token: string,
  options: ResolvedCookieOptions,
  signatures: readonly Signature[],
  isSecure: boolean,
  maxAgeSeconds: number | undefined,
): string {
  return setCookie(MARK + signToken(token, signatures), options, isSecure, maxAgeSeconds);
}

/** A Set-Cookie value that gives the client some text, as `tokenCookie` does a token. */
export function setCookie(
  value: string,
  options: ResolvedCookieOptions,
  isSecure: boolean,
  maxAgeSeconds: number | undefined,
): string {
  return stringifySetCookie(options.name, value, {
    ...attributes(options, isSecure),
    ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
  });
}

/** A Set-Cookie value that takes the token away, with the attributes it was set with. */
export function clearedCookie(options: ResolvedCookieOptions, isSecure: boolean): string {
  const expired = { maxAge: 0, expires: new Date(0) };
  return stringifySetCookie(options.name, '', { ...attributes(options, isSecure), ...expired });
}

function attributes(options: ResolvedCookieOptions, isSecure: boolean) {
  const { path, domain, sameSite, httpOnly, partitioned } = options;
  return {
    path,
    sameSite: sameSite === 'auto' ? (isSecure ? ('none' as const) : ('lax' as const)) : sameSite,
    httpOnly,
    partitioned,
    ...(domain !== undefined && { domain }),
    secure: options.secure === 'auto' ? isSecure : options.secure,
  };
}

/**
 * Whether a browser sends a cookie of a path with a request (RFC 6265, 5.1.4). A session that is begun outside of it is
 * one that no browser returns to.
 * @param url a request's target as it came, before a router took a part of it away
 */
export function isInPath(url: string, cookiePath: string): boolean {
  if (cookiePath === '/') return true;
  const path = pathOf(url);
  if (!path.startsWith(cookiePath)) return false;
  return (
    cookiePath.endsWith('/') || path.length === cookiePath.length || path[cookiePath.length] === '/'
  );
}

/** Of `/path?query`, or of the whole URL that a client sends to a proxy (RFC 9112, 3.2.2). */
function pathOf(target: string): string {
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target);
  const local = origin ? target.slice(origin[0].length) : target;
  const end = local.search(/[?#]/);
  return (end === -1 ? local : local.slice(0, end)) || '/';
}
