import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Listener } from './client.js';

/** The finest that timers are. */
const TICK_MS = 1;
const DEADLINE_MS = 5_000;

/**
 * Has each client send one message a second, evenly spread, and waits for all answers; how long each took, in milliseconds. A
 * server that can't keep up gets no more than one message of a client at a time, and those that wait for that count from when
 * they were due.
 * @throws Error where an answer is wrong or does not come
 */
export async function sendPaced(
  clients: readonly Client[],
  seconds: number,
  signal: AbortSignal,
): Promise<number[]> {
  const latencies: number[] = [];
  let failure: Error | undefined;
  const listener: Listener = {
    answered: (latencyMs) => void latencies.push(latencyMs),
    failed: (error) => void (failure ??= error),
  };
  const total = clients.length * seconds;
  const startedAtMs = performance.now();
  const dueAtMs = (message: number) => startedAtMs + (1000 * message) / clients.length;
  let sent = 0;
  let isLate = false;
  while (latencies.length < total) {
    signal.throwIfAborted();
    if (failure) throw failure;
    const nowMs = performance.now();
    while (sent < total && dueAtMs(sent) <= nowMs) {
      const client = clients[sent % clients.length]!;
      if (client.isWaiting) {
        isLate = true;
        break;
      }
      client.send(listener, isLate ? dueAtMs(sent) : performance.now());
      isLate = false;
      sent++;
    }
    if (nowMs > dueAtMs(total) + DEADLINE_MS) {
      throw new Error(`${total - latencies.length} of ${total} messages were not answered`);
    }
    await sleep(TICK_MS);
  }
  return latencies;
}
