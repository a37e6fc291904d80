import { randomBytes } from 'node:crypto';

/**
 * A flash is a field of a name that no data have: `~`, what tells it from others of its key, `~`, and the key. As each is a
 * field of its own, a request that ends those it has seen ends none that another has just left.
 */
const FLASH = /^~([^~]*)~(.*)$/s;

/** Whether a field is a flash, and not the user's. */
export function isFlash(field: string): boolean {
  return field.charCodeAt(0) === 126;
}

/** The name by which a user knows a field. */
export function shownName(field: string): string {
  return FLASH.exec(field)?.[2] ?? field;
}

/** A new name for a flash; later ones are greater, by the clocks of the processes. */
export function flashName(key: string): string {
  const time = Date.now().toString(36).padStart(9, '0');
  return `~${time}${randomBytes(6).toString('base64url')}~${key}`;
}
