import { beforeAll, it } from 'vitest';
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
  let results: Promise<void>[];
  beforeAll(() => {
    results = cases.map(({ run }) => run());
    for (const result of results) result.catch(() => {});
  });
  for (const [index, { name }] of cases.entries()) it(name, () => results[index], LONG_MS);
}
