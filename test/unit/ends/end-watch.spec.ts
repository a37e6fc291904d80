import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionRecord } from 'nestjs-server-session';
import type { EndsListener, EndsNews, SessionEnds } from '../../../src/backends/session-ends.js';
import { EndWatch } from '../../../src/ends/end-watch.js';
import type { SessionWatcher } from '../../../src/ends/watched-session.js';

const MINUTE_MS = 60_000;
const LIFETIME = { idleMs: 30 * MINUTE_MS, absoluteMs: Infinity };

/** A backend whose sessions, answers and news are the test's. */
class Backend implements SessionEnds {
  readonly records = new Map<string, SessionRecord>();
  /** The ids that were asked for, in order. */
  readonly asked: string[] = [];
  isDown = false;
  underWay = 0;
  mostUnderWay = 0;
  listener: EndsListener | undefined;
  /** What an answer waits for. */
  before = async (): Promise<void> => {};

  add(id: string, fields: SessionRecord = {}): void {
    const now = String(Date.now());
    this.records.set(id, { $gen: 'g1', $hash: 'h', $created: now, $seen: now, a: '1', ...fields });
  }

  async get(id: string): Promise<SessionRecord | null> {
    this.asked.push(id);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    const record = this.records.get(id) ?? null;
    await this.before();
    this.underWay--;
    if (this.isDown) throw new Error('down');
    return record;
  }
  async end(): Promise<boolean> {
    return false;
  }

  listen(listener: EndsListener): () => void {
    this.listener = listener;
    return () => (this.listener = undefined);
  }
  tell(news: EndsNews): void {
    this.listener?.tell(news);
  }
}

let backend: Backend;
let watch: EndWatch;
/** What watchers were told, in order. */
let told: string[];

beforeEach(() => {
  vi.useFakeTimers();
  backend = new Backend();
  watch = new EndWatch(backend, backend, LIFETIME);
  told = [];
});
afterEach(() => {
  vi.useRealTimers();
});

/** Watches a session of one generation; any where none is given. */
function watching(id: string, generation?: string): () => void {
  const watcher: SessionWatcher = {
    accepts: (record) => generation === undefined || record['$gen'] === generation,
    ended: (reason) => told.push(`${id} ${reason}`),
  };
  return watch.watch(id, watcher);
}

/** Lets all that is due now be asked, answered and told. */
const settle = () => pass(0);
/** Time, and what is then due. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let turn = 0; turn < 5; turn++) await vi.advanceTimersByTimeAsync(1);
}

describe('a watched session', () => {
  beforeEach(() => backend.add('s'));

  it.each(['destroyed', 'revoked', 'limit'] as const)('ends as it is told (%s)', async (reason) => {
    watching('s');
    watching('s');
    await settle();
    expect(told).toEqual([]);
    backend.tell({ kind: 'ended', id: 's', reason, principal: undefined });
    backend.tell({ kind: 'ended', id: 's', reason, principal: undefined });
    await settle();
    expect(told).toEqual([`s ${reason}`, `s ${reason}`]);
  });

  it('is asked for once it is watched, as it may have ended before', async () => {
    backend.records.clear();
    watching('s');
    await settle();
    expect(told).toEqual(['s unknown']);
  });

  it('is asked for after each gap', async () => {
    watching('s');
    await settle();
    backend.records.clear();
    backend.listener!.missed();
    await settle();
    expect(told).toEqual(['s unknown']);
    expect(backend.asked).toHaveLength(2);
  });

  it('is asked for again where there is news while it is asked for', async () => {
    let answer!: () => void;
    backend.before = () => new Promise((resolve) => (answer = resolve));
    watching('s');
    await settle();
    backend.records.clear();
    backend.listener!.missed();
    await settle();
    expect(backend.asked).toHaveLength(1);
    backend.before = async () => {};
    answer();
    await settle();
    expect(told).toEqual(['s unknown']);
  });

  it('ends for those alone whose generation was replaced', async () => {
    watching('s', 'g1');
    watching('s');
    await settle();
    backend.add('s', { $gen: 'g2' });
    backend.tell({ kind: 'replaced', id: 's', generation: 'g2' });
    await settle();
    expect(told).toEqual(['s replaced']);
    watching('s', 'g2');
    await settle();
    expect(told).toEqual(['s replaced']);
  });

  it('is not ended by an answer that is older than whoever watches it', async () => {
    let answer!: () => void;
    backend.before = () => new Promise((resolve) => (answer = resolve));
    watching('s', 'g1');
    await settle();
    backend.add('s', { $gen: 'g2' });
    watching('s', 'g2');
    backend.before = async () => {};
    answer();
    await settle();
    expect(told).toEqual(['s replaced']);
  });

  it('is told to nobody who has stopped watching', async () => {
    const stop = watching('s');
    await settle();
    watching('s');
    stop();
    backend.tell({ kind: 'ended', id: 's', reason: 'revoked', principal: undefined });
    await settle();
    expect(told).toEqual(['s revoked']);
  });

  it('expires by its own times, with one question, and nothing is told of it', async () => {
    watching('s');
    await settle();
    await pass(29 * MINUTE_MS);
    expect([told, backend.asked.length]).toEqual([[], 1]);
    await pass(MINUTE_MS);
    expect([told, backend.asked.length]).toEqual([['s expired'], 2]);
  });

  it('goes on where it was used meanwhile', async () => {
    watching('s');
    await settle();
    await pass(20 * MINUTE_MS);
    backend.add('s');
    await pass(29 * MINUTE_MS);
    expect([told, backend.asked.length]).toEqual([[], 2]);
    await pass(MINUTE_MS);
    expect(told).toEqual(['s expired']);
  });

  it('is asked for when it is told that it ends earlier', async () => {
    watching('s');
    await settle();
    backend.add('s', { $idle: '1000' });
    backend.tell({ kind: 'shortened', id: 's' });
    await pass(900);
    expect(told).toEqual([]);
    await pass(100);
    expect(told).toEqual(['s expired']);
  });

  it('that is emptied ends when its record does, and goes on where it is filled', async () => {
    watching('s');
    const { a: _, ...empty } = backend.records.get('s')!;
    backend.records.set('s', empty);
    await pass(59_000);
    backend.add('s');
    await pass(2 * MINUTE_MS);
    expect(told).toEqual([]);
    backend.records.set('s', empty);
    backend.tell({ kind: 'shortened', id: 's' });
    await pass(59_000);
    backend.records.clear();
    await pass(2000);
    expect(told).toEqual(['s expired']);
  });

  it('of a later format is there, whatever else its record holds', async () => {
    backend.records.set('s', { $version: '9', b: '1' });
    watching('s', 'g1');
    await pass(10 * MINUTE_MS);
    expect(told).toEqual([]);
    backend.records.clear();
    await pass(MINUTE_MS);
    expect(told).toEqual(['s unknown']);
  });

  it('whose record is broken has ended', async () => {
    backend.add('s', { $seen: 'rubbish' });
    watching('s');
    await settle();
    expect(told).toEqual(['s unknown']);
  });

  it('is asked for until a backend that fails answers, with pauses that grow', async () => {
    backend.isDown = true;
    watching('s');
    await pass(MINUTE_MS);
    const { length } = backend.asked;
    expect(length).toBeGreaterThan(10);
    expect(length).toBeLessThan(20);
    backend.isDown = false;
    backend.records.clear();
    await pass(5000);
    expect(told).toEqual(['s unknown']);
  });
});

it('many sessions are asked for some at a time, each once', async () => {
  let answers: (() => void)[] = [];
  backend.before = () => new Promise((resolve) => answers.push(resolve));
  for (let at = 0; at < 1000; at++) {
    backend.add(`${at}`);
    watching(`${at}`);
  }
  await settle();
  expect(backend.underWay).toBe(100);
  while (backend.underWay > 0) {
    const now = answers;
    answers = [];
    for (const answer of now) answer();
    await settle();
  }
  expect(backend.mostUnderWay).toBe(100);
  expect(new Set(backend.asked).size).toBe(1000);
  expect(backend.asked).toHaveLength(1000);
});

it('nothing is listened to, asked for or timed where nobody watches', async () => {
  expect(backend.listener).toBeUndefined();
  backend.add('s');
  const stops = [watching('s'), watching('s')];
  await settle();
  expect([backend.listener, vi.getTimerCount()]).toEqual([watch, 1]);
  for (const stop of stops) stop();
  expect([backend.listener, watch.size, vi.getTimerCount()]).toEqual([undefined, 0, 0]);
  watching('s');
  backend.tell({ kind: 'ended', id: 's', reason: 'revoked', principal: undefined });
  await settle();
  expect([backend.listener, watch.size, vi.getTimerCount()]).toEqual([undefined, 0, 0]);
  expect(told).toEqual(['s revoked']);
});

it('after it is closed it does nothing', async () => {
  backend.add('s');
  watching('s');
  watch.close();
  watching('s');
  await pass(MINUTE_MS);
  expect([backend.listener, backend.asked, told, vi.getTimerCount()]).toEqual([
    undefined,
    [],
    [],
    0,
  ]);
});
