import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import type { EndsListener, EndsNews } from '../backends/session-ends.js';
import type { Case, CaseContext } from './case.js';
import { change, hashOf, LONG, newRecord, TTL } from './records.js';

/** Whoever listens, and what it was told of one case's sessions. */
class Recorder implements EndsListener {
  readonly #told: EndsNews[] = [];
  #isReady = false;
  readonly #stop: () => void;

  private constructor({ ends }: CaseContext) {
    this.#stop = ends.listen(this);
  }

  /** Listens, and has been told that all that comes is told. */
  static async start(context: CaseContext): Promise<Recorder> {
    const recorder = new Recorder(context);
    strictEqual(recorder.#isReady, false);
    await context.until(async () => recorder.#isReady);
    return recorder;
  }

  tell(news: EndsNews): void {
    strictEqual(this.#isReady, true);
    this.#told.push(news);
  }

  missed(): void {
    this.#isReady = true;
  }

  of(id: string): EndsNews[] {
    return this.#told.filter((news) => news.id === id);
  }

  stop(): void {
    this.#stop();
  }
}

/** Runs something, and checks that a listener is told just that of a session. */
async function expectTold(
  context: CaseContext,
  id: string,
  expected: EndsNews[],
  run: () => Promise<unknown>,
): Promise<void> {
  const recorder = await Recorder.start(context);
  try {
    await run();
    await isTold(context, recorder, id, expected.length);
    deepStrictEqual(recorder.of(id), expected);
  } finally {
    recorder.stop();
  }
}

/** Waits until a listener has been told so much of a session, and then of another's end: by then it has heard the rest. */
async function isTold(
  context: CaseContext,
  recorder: Recorder,
  id: string,
  count = 1,
): Promise<void> {
  await context.until(async () => recorder.of(id).length >= count);
  const last = await stored(context);
  await context.ends.end(last, 'destroyed');
  await context.until(async () => recorder.of(last).length > 0);
}

async function stored(
  { backend, id }: CaseContext,
  data: Record<string, string> = { a: '1' },
): Promise<string> {
  const made = id();
  await backend.create(made, await newRecord(backend, data), TTL);
  return made;
}

const destroyed = (id: string): EndsNews => ({
  kind: 'ended',
  id,
  reason: 'destroyed',
  principal: undefined,
});

/** Sessions that are ended, and who is told of it. */
export const endsCases: Case[] = [
  [
    'an end removes the session and tells each listener once, with the reason and whose it was',
    async (context) => {
      const principal = 'ada \x1d\x1e\x1f\n ü 😀';
      const id = await stored(context, { $principal: principal });
      const other = await Recorder.start(context);
      const told: EndsNews[] = [{ kind: 'ended', id, reason: 'limit', principal }];
      await expectTold(context, id, told, () => context.ends.end(id, 'limit'));
      await isTold(context, other, id);
      other.stop();
      deepStrictEqual(other.of(id), told);
      strictEqual(await context.backend.get(id), null);
    },
  ],
  [
    'an end of what is not there tells nothing, and of two at once one is told',
    async (context) => {
      const id = await stored(context);
      const end = () => context.ends.end(id, 'destroyed');
      await expectTold(context, id, [destroyed(id)], () => Promise.all([end(), end()]));
      await expectTold(context, id, [], end);
    },
  ],
  [
    'many ends at once are all told',
    async (context) => {
      const ids = await Promise.all(Array.from({ length: 100 }, () => stored(context)));
      const recorder = await Recorder.start(context);
      await Promise.all(ids.map((id) => context.ends.end(id, 'revoked')));
      for (const id of ids) await context.until(async () => recorder.of(id).length > 0);
      recorder.stop();
      deepStrictEqual(
        ids.map((id) => recorder.of(id)),
        ids.map((id) => [{ kind: 'ended', id, reason: 'revoked', principal: undefined }]),
      );
    },
  ],
  [
    'a new generation is told, a renewal, a use and other data are not',
    async (context) => {
      const { backend } = context;
      const id = await stored(context);
      const secret = { hash: hashOf('b'), graceMs: 1000 };
      const quiet = [
        change({ isUse: true }),
        change({ set: { a: '2', b: '1' }, remove: ['c'], increment: { n: 1 } }),
        change({ secret }),
      ];
      await expectTold(context, id, [], async () => {
        for (const each of quiet) await backend.update(id, each, LONG);
      });
      const regenerated = change({ secret: { ...secret, hash: hashOf('c'), generation: 'g2' } });
      await expectTold(context, id, [{ kind: 'replaced', id, generation: 'g2' }], async () => {
        await backend.update(id, regenerated, LONG);
        // Sent again, it changes nothing.
        await backend.update(id, regenerated, LONG);
      });
    },
  ],
  [
    'an earlier end is told, and a session left without data, which is kept for a while only',
    async (context) => {
      const { backend } = context;
      const id = await stored(context);
      const set = (data: Record<string, string>) => () =>
        backend.update(id, change({ set: data }), LONG);
      const shortened: EndsNews[] = [{ kind: 'shortened', id }];
      await expectTold(context, id, shortened, set({ $idle: '50000' }));
      await expectTold(context, id, [], set({ $idle: '70000' }));
      await expectTold(context, id, shortened, set({ $absolute: '40000' }));
      const emptied = () => backend.update(id, change({ remove: ['a'] }), LONG);
      await expectTold(context, id, shortened, emptied);
      await expectTold(context, id, [], emptied);
    },
  ],
  [
    'a change that is refused tells nothing',
    async (context) => {
      const id = await stored(context);
      const parts = { secret: { hash: hashOf('b'), generation: 'g3', graceMs: 0 }, remove: ['a'] };
      const refused = change({ generation: 'g0', ...parts });
      await expectTold(context, id, [], () => context.backend.update(id, refused, LONG));
    },
  ],
  [
    'whoever listens no longer is told nothing',
    async (context) => {
      const id = await stored(context);
      const stopped = await Recorder.start(context);
      await expectTold(context, id, [destroyed(id)], async () => {
        stopped.stop();
        await context.ends.end(id, 'destroyed');
      });
      deepStrictEqual(stopped.of(id), []);
    },
  ],
];
