import { randomBytes } from 'node:crypto';

/**
 * A flash is a field of a name that no data have: `~`, `+` where it was kept, when it was left and what tells it from others, `~`,
 * and the key. As each is a field of its own, a request that ends those it has found ends none that another has just left.
 */
const FLASH = /^~[^~]*~(.*)$/s;

/** Whether a field is a flash, and not the user's. */
export function isFlash(field: string): boolean {
  return field.charCodeAt(0) === 126;
}

/** Whether a request has left it that had found it. */
export function isKeptFlash(field: string): boolean {
  return field.startsWith('~+');
}

/** The name by which a user knows a field. */
export function shownName(field: string): string {
  return FLASH.exec(field)?.[1] ?? field;
}

/** Which of two flashes of one key was left later. */
export function compareFlashes(one: string, other: string): number {
  const [a, b] = [one, other].map((field) => field.replace('~+', '~'));
  return a! < b! ? -1 : 1;
}

let lastMicros = 0;

/** A new name for a flash. Later ones are greater, in one process always and among several by their clocks. */
export function flashName(key: string, isKept = false): string {
  lastMicros = Math.max(Date.now() * 1000, lastMicros + 1);
  const time = lastMicros.toString(36).padStart(11, '0');
  return `~${isKept ? '+' : ''}${time}${randomBytes(4).toString('base64url')}~${key}`;
}
