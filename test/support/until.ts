import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 5_000;

/** Waits for what can only be seen by looking again; fails, saying what did not happen, where it never comes. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`In ${deadlineMs} ms not seen: ${what}`);
    await sleep(2);
  }
}
