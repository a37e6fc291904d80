import { it } from '@jest/globals';
import type { SessionBackend } from 'nestjs-server-session';
import { sessionBackendContract } from 'nestjs-server-session/testing';

/** Runs the contract suite on a backend, a test a case. */
export function testContract(create: () => SessionBackend): void {
  for (const { name, run } of sessionBackendContract({ create })) it(name, run, 15_000);
}
