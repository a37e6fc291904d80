/** How many requests come at once, each of which writes a field of its own. */
export const BURST = 100;

/** Writes the field of one request. */
export function writeField(session: object, number: string): void {
  (session as Record<string, unknown>)[`f${number}`] = Number(number);
}

/** How many of these fields a session has. */
export function countFields(session: object): number {
  return Object.keys(session).filter((key) => /^f\d+$/.test(key)).length;
}
