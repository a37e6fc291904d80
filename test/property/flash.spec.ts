import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryBackend, type Session } from 'nestjs-server-session';
import { TestApp } from '../support/app.js';
import { run, ScriptController } from '../support/cookie-app.js';

const KEYS = ['flash', 'visits'] as const;
type Key = (typeof KEYS)[number];
type Step =
  | { op: 'set'; key: Key; value: number }
  | { op: 'keep'; keys: Key[] }
  | { op: 'save' | 'regenerate' | 'clear' | 'touch' | 'read' };

const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('set' as const), key, value: fc.nat(99) }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('keep' as const), keys: fc.uniqueArray(key) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('save', 'regenerate', 'clear', 'touch', 'read' as const),
    }),
  },
);
/** Requests one after another; one of no steps does not use the session. */
const programs = fc.array(fc.array(step, { maxLength: 5 }), { minLength: 1, maxLength: 6 });

/** What one request leaves by what it found, as the docs say it, in the order in which it was left. */
function left(found: [Key, number][], steps: Step[]): [Key, number][] {
  if (steps.length === 0) return found;
  let [known, leaves] = [found, [] as { key: Key; value: number; isOwn: boolean }[]];
  for (const each of steps) {
    if (each.op === 'clear') [known, leaves] = [[], []];
    else if (each.op === 'set') {
      leaves = leaves.filter(({ isOwn, key }) => !(isOwn && key === each.key));
      leaves.push({ key: each.key, value: each.value, isOwn: true });
    } else if (each.op === 'keep') {
      const kept = known.filter(([key]) => each.keys.length === 0 || each.keys.includes(key));
      known = known.filter((one) => !kept.includes(one));
      leaves.push(...kept.map(([key, value]) => ({ key, value, isOwn: false })));
    }
  }
  return leaves.map(({ key, value }) => [key, value]);
}

async function play(session: Session, steps: Step[]): Promise<unknown> {
  const seen = KEYS.map((each) => session.getFlash(each) ?? null);
  for (const each of steps) {
    if (each.op === 'set') session.setFlash(each.key, each.value);
    else if (each.op === 'keep') session.keepFlash(...each.keys);
    else if (each.op === 'save') await session.save();
    else if (each.op === 'regenerate') await session.regenerate();
    else if (each.op === 'clear') session.clear();
    else if (each.op === 'touch') session.touch();
  }
  return seen;
}

let app: TestApp;
beforeAll(async () => {
  const session = { backend: new MemoryBackend() };
  app = await TestApp.start({ adapter: 'fastify', session, controllers: [ScriptController] });
});
afterAll(() => app.stop());

it('a flash is there for the next request that uses the session, and for no other, whatever is done', async () => {
  let seenAny = 0;
  await fc.assert(
    fc.asyncProperty(programs, async (program) => {
      const browser = app.browser();
      let expected: [Key, number][] = [];
      for (const steps of [...program, [{ op: 'read' } as const]]) {
        const answer = await run(browser, async (session) =>
          steps.length === 0 ? [] : play(session, steps),
        );
        const latest = KEYS.map(
          (each) => expected.findLast(([name]) => name === each)?.[1] ?? null,
        );
        if (steps.length > 0) expect(answer.json()).toEqual(latest);
        if (latest.some((each) => each !== null)) seenAny++;
        expected = left(expected, steps);
      }
    }),
    { numRuns: 150 },
  );
  expect(seenAny).toBeGreaterThan(100);
}, 60_000);
