import { it } from 'vitest';
import type { SessionBackend } from 'nestjs-server-session';
import { sessionBackendContract } from 'nestjs-server-session/testing';

const LONG_MS = 15_000;

/**
 * Runs the contract suite on a backend, a test a case; some at once, as what takes long in a case is that it waits.
 * @param test where the backend is so slow that it has time for one only
 */
export function testContract(
  create: () => SessionBackend,
  test: typeof it.concurrent | typeof it = it.concurrent,
): void {
  for (const { name, run } of sessionBackendContract({ create })) test(name, run, LONG_MS);
}
