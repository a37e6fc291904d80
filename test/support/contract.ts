import { beforeAll, it } from '@jest/globals';
import type { SessionBackend } from 'nestjs-server-session';
import { sessionBackendContract } from 'nestjs-server-session/testing';

const LONG_MS = 15_000;

/** Runs the contract suite on a backend, a test a case. */
export function testContract(create: () => SessionBackend): void {
  for (const { name, run } of sessionBackendContract({ create })) it(name, run, LONG_MS);
}

/** The same with all cases at once, for a backend that keeps them waiting: what takes long in a case is that it waits. */
export function testContractAtOnce(create: () => SessionBackend): void {
  const cases = sessionBackendContract({ create });
  const results = new Map<string, Promise<void>>();
  beforeAll(() => {
    for (const { name, run } of cases) {
      const result = run();
      result.catch(() => {});
      results.set(name, result);
    }
  });
  for (const { name } of cases) it(name, () => results.get(name), LONG_MS);
}
