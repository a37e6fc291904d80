import type { Report } from '../program.js';

/** Tells the torturer by IPC what was seen: an answer may never arrive. */
export function report(message: Report): void {
  process.send?.(message);
}
