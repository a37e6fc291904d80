import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import type { PrincipalIndex } from '../../../src/backends/principal-index.js';
import { SignIns } from '../../../src/principals/sign-ins.js';

const SLOW_MS = 40;

/** Whose first answers come late, after so many milliseconds each, or with them before the index is asked. */
function slowIndex(times: number, where: 'asking' | 'answering'): PrincipalIndex {
  const { principals } = new MemoryBackend();
  let left = times;
  const enter: PrincipalIndex['enter'] = async (...args) => {
    const isSlow = left-- > 0;
    if (isSlow && where === 'asking') await sleep(SLOW_MS);
    const entered = await principals.enter(...args);
    if (isSlow && where === 'answering') await sleep(SLOW_MS);
    return entered;
  };
  return new Proxy(principals, {
    get: (index, key: keyof PrincipalIndex) => (key === 'enter' ? enter : index[key].bind(index)),
  });
}

function signInsOf(index: PrincipalIndex): SignIns {
  const backend = new MemoryBackend();
  const lifetime = { idleMs: 600_000, absoluteMs: 3_600_000 };
  return new SignIns({ backend, ends: backend.ends, lifetime, isDerived: false }, index);
}

async function admitted(index: PrincipalIndex, arrivedAtMs: () => number): Promise<boolean> {
  const signIns = signInsOf(index);
  await index.fence('ada');
  await sleep(2);
  const signIn = { principal: 'ada', absoluteMs: 3_600_000, arrivedAtMs: arrivedAtMs() };
  return signIns.admit('id', signIn).then(
    () => true,
    () => false,
  );
}

describe('a sign-in right after revokeAll', () => {
  const now = () => performance.now();

  it.each([1, 2, 3])('is let in, though %i answers about the fence are late', async (times) => {
    expect(await admitted(slowIndex(times, 'answering'), now)).toBe(true);
  });

  it('is refused where it can not be told from one before, again and again', async () => {
    expect(await admitted(slowIndex(Infinity, 'answering'), now)).toBe(false);
  });

  it.each(['asking', 'answering'] as const)(
    'is refused where it had arrived before, however late in %s',
    async (where) => {
      const before = performance.now();
      expect(await admitted(slowIndex(1, where), () => before)).toBe(false);
    },
  );

  it('that asks twice and is not written leaves the entry of another of its session', async () => {
    const index = slowIndex(1, 'answering');
    const signIns = signInsOf(index);
    await index.fence('ada');
    await sleep(2);
    const signIn = { principal: 'ada', absoluteMs: 3_600_000, arrivedAtMs: now() };
    const slow = signIns.admit('id', signIn);
    const other = await signIns.admit('id', signIn);
    const admission = await slow;
    expect(admission.signedInAtMs).toBeGreaterThan(other.signedInAtMs);
    await signIns.withdraw('id', signIn, admission);
    expect(await index.entries('ada', 10)).toMatchObject([{ id: 'id' }]);
  });
});
