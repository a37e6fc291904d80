import { createHmac, timingSafeEqual } from 'node:crypto';
import { cookieText, cookieValues } from '../transports/cookie.js';

/** Longest id that is looked at: those of express-session have 32 characters, those of its users may have others. */
const MAX_ID_LENGTH = 512;
const SIGNATURE = /^[A-Za-z0-9+/]{43}$/;

/** How another library's cookie looks. */
export interface OldCookieOptions {
  readonly name: string;
  readonly secrets: readonly string[];
  /** Before the signed id: `s:`, or nothing. */
  readonly mark: string;
}

/** The ids in the cookies of another library whose signatures are right (cookie-signature's: HMAC-SHA256). */
export function oldIds(
  header: string | undefined,
  { name, secrets, mark }: OldCookieOptions,
): string[] {
  if (!header?.includes(`${name}=`)) return [];
  return cookieValues(header, name).flatMap((text) => {
    const value = cookieText(text, 3 * MAX_ID_LENGTH);
    const dot = value.lastIndexOf('.');
    if (!value.startsWith(mark) || dot === -1) return [];
    const id = value.slice(mark.length, dot);
    const signature = value.slice(dot + 1);
    if (id === '' || !SIGNATURE.test(signature)) return [];
    return secrets.some((secret) => isSignature(id, signature, secret)) ? [id] : [];
  });
}

function isSignature(id: string, signature: string, secret: string): boolean {
  const right = createHmac('sha256', secret).update(id).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === right.length && timingSafeEqual(given, right);
}
