import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 5_000;

/** Waits for what can only be seen by looking again; fails, saying what did not happen, where it never comes. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`In ${DEADLINE_MS} ms not seen: ${what}`);
    await sleep(2);
  }
}
