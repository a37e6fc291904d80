import { expect, it } from 'vitest';
import { AtomicAdapter, MemoryBackend, type SessionChange } from 'nestjs-server-session';
import { endsOf } from '../../../src/backends/local-ends.js';
import type { EndsNews } from '../../../src/backends/session-ends.js';
import { ThreeMethodBackend } from '../../support/backends.js';
import { Gate } from '../../support/gated-backend.js';

const LIFETIME = { idleMs: 60_000, absoluteMs: Infinity };
const now = String(Date.now());
const RECORD = { $gen: 'g1', $hash: 'h1', $created: now, $seen: now, a: '1' };
const CHANGE: SessionChange = {
  generation: 'g1',
  hash: 'h1',
  isUse: false,
  set: {},
  remove: [],
  increment: {},
};
const NEW_SECRET = { hash: 'h2', generation: 'g2', graceMs: 0 };

/** Three methods, of which the one that writes takes as long as a test wants. */
class SlowBackend extends ThreeMethodBackend {
  gate: Gate | undefined;
  override async set(...args: Parameters<ThreeMethodBackend['set']>): Promise<void> {
    await this.gate?.pass();
    return super.set(...args);
  }
}

it('what is told is stored by then', async () => {
  const backend = new SlowBackend();
  const adapter = new AtomicAdapter(backend);
  await adapter.create('s', RECORD, 60);
  const told: EndsNews[] = [];
  const stop = adapter.ends.listen({ tell: (news) => told.push(news), missed: () => {} });
  const gate = (backend.gate = new Gate());
  const written = adapter.update('s', { ...CHANGE, secret: NEW_SECRET }, LIFETIME);
  await gate.reached;
  expect(told).toEqual([]);
  gate.open();
  await written;
  expect(told).toEqual([{ kind: 'replaced', id: 's', generation: 'g2' }]);
  stop();
});

it.each([
  ['MemoryBackend', new MemoryBackend()],
  ['three methods', new AtomicAdapter(new ThreeMethodBackend())],
])(
  'of %s tell of new generations, of earlier ends, and of ends, and of nothing else',
  async (_, backend) => {
    await backend.create('s', RECORD, 60);
    const told: EndsNews[] = [];
    const ends = endsOf(backend);
    const stop = ends.listen({ tell: (news) => told.push(news), missed: () => {} });
    await backend.update('s', { ...CHANGE, set: { b: '1' }, isUse: true }, LIFETIME);
    await backend.update('s', { ...CHANGE, secret: { hash: 'h2', graceMs: 0 } }, LIFETIME);
    expect(told).toEqual([]);
    await backend.update('s', { ...CHANGE, hash: 'h2', set: { $idle: '1000' } }, LIFETIME);
    await backend.update('s', { ...CHANGE, hash: 'h2', keep: [] }, LIFETIME);
    expect(told).toEqual([
      { kind: 'shortened', id: 's' },
      { kind: 'shortened', id: 's' },
    ]);
    await ends.end('s', 'revoked');
    await ends.end('s', 'revoked');
    expect(told.slice(2)).toEqual([
      { kind: 'ended', id: 's', reason: 'revoked', principal: undefined },
    ]);
    stop();
    await backend.create('t', RECORD, 60);
    await ends.end('t', 'revoked');
    expect(told).toHaveLength(3);
  },
);
