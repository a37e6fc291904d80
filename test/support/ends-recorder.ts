import { randomBytes } from 'node:crypto';
import type { AtomicSessionBackend } from 'nestjs-server-session';
import type { EndsListener, EndsNews, SessionEnds } from '../../src/backends/session-ends.js';
import { newRecord } from '../../src/testing/records.js';
import { until } from './until.js';

type Telling = AtomicSessionBackend & { readonly ends: SessionEnds };

/** Whoever listens to a backend, and all that it was told. */
export class EndsRecorder implements EndsListener {
  readonly told: EndsNews[] = [];
  /** When it was told that something may have been missed. */
  readonly missedAtMs: number[] = [];
  readonly stop: () => void;

  constructor(ends: SessionEnds) {
    this.stop = ends.listen(this);
  }

  static async start(ends: SessionEnds): Promise<EndsRecorder> {
    const recorder = new EndsRecorder(ends);
    await recorder.missedAgain(0);
    return recorder;
  }

  tell(news: EndsNews): void {
    this.told.push(news);
  }

  missed(): void {
    this.missedAtMs.push(performance.now());
  }

  /** How often it was told that something may have been missed. */
  get misses(): number {
    return this.missedAtMs.length;
  }

  /** Waits until that has been told more often than a number of times. */
  async missedAgain(than: number, withinMs?: number): Promise<void> {
    await until('word of what may have been missed', () => this.misses > than, withinMs);
  }

  /** Waits until it has been told of a session. */
  async toldOf(id: string, withinMs?: number): Promise<void> {
    await until(`word of the end of ${id}`, () => this.#isTold(id), withinMs);
  }

  /** Waits until it has been told of a session, or that it may have missed something since it was so often. */
  async sawEndOf(id: string, misses: number, withinMs?: number): Promise<void> {
    const isSeen = () => this.#isTold(id) || this.misses > misses;
    await until(`the end of ${id}`, isSeen, withinMs);
  }

  #isTold(id: string): boolean {
    return this.told.some((news) => news.id === id);
  }
}

/** A new session of a backend. */
export async function storedSession(backend: Telling): Promise<string> {
  const id = randomBytes(16).toString('base64url');
  await backend.create(id, await newRecord(backend, { a: '1' }), 90);
  return id;
}

/** A session ends, and is told of. */
export async function expectNews(backend: Telling, recorder: EndsRecorder): Promise<void> {
  const id = await storedSession(backend);
  await backend.ends.end(id, 'destroyed');
  await recorder.toldOf(id);
}
