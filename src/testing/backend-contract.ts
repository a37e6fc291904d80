import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AtomicAdapter } from '../backends/atomic-adapter.js';
import { endsOf } from '../backends/local-ends.js';
import { LocalPrincipalIndex } from '../backends/local-principal-index.js';
import { isIndexed } from '../backends/principal-index.js';
import { isAtomic, type SessionBackend } from '../backends/session-backend.js';
import { atomicCases } from './atomic-cases.js';
import { basicCases } from './basic-cases.js';
import { endsCases } from './ends-cases.js';
import { expiryCases } from './expiry-cases.js';
import { indexCases } from './index-cases.js';
import { secretCases } from './secret-cases.js';

/** How the contract gets at a backend. */
export interface ContractTarget {
  /** Gives the backend, the same one or a new one for each case; sessions of earlier cases may still be in it. */
  create(): SessionBackend | Promise<SessionBackend>;
  /** Called after each case. */
  dispose?(backend: SessionBackend): unknown;
}

/** One promise of the contract, for any test runner: `it(name, run)`. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

const DEADLINE_MS = 5000;

/**
 * The cases that every session backend must pass, ours and yours, each a promise of `SessionBackend`:
 *
 * ```ts
 * for (const { name, run } of sessionBackendContract({ create: () => new MyBackend() })) {
 *   it(name, run);
 * }
 * ```
 *
 * They run against the real system that the backend talks to, take some seconds for what expires, and reject with an
 * `AssertionError` where a promise is broken.
 */
export function sessionBackendContract(target: ContractTarget): ContractCase[] {
  const cases = [
    ...basicCases,
    ...atomicCases,
    ...secretCases,
    ...expiryCases,
    ...indexCases,
    ...endsCases,
  ];
  return cases.map(([name, run]) => ({
    name,
    run: async () => {
      const backend = await target.create();
      const atomic = isAtomic(backend) ? backend : new AtomicAdapter(backend);
      try {
        await run({
          backend: atomic,
          principals: isIndexed(backend) ? backend.principals : new LocalPrincipalIndex(),
          ends: endsOf(atomic),
          id: () => randomBytes(16).toString('base64url'),
          until,
        });
      } finally {
        await target.dispose?.(backend);
      }
    },
  }));
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`Not so within ${DEADLINE_MS} ms`);
    await sleep(50);
  }
}
