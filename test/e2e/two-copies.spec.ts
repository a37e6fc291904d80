import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.js';
import { emit } from '../support/examples.js';

const FILE = 'test/support/two-copies/main.ts';

/** As `npm run build` made them: the copy for `import` and the one for `require`. */
describe('both copies of the library in one process', () => {
  let program: ChildProcess;
  let started: { urls: Record<string, string>; refusal: string };

  beforeAll(async () => {
    const text = readFileSync(FILE, 'utf8');
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    program = spawn(process.execPath, [emit({ name: 'two-copies', file: FILE, text })], {
      stdio: [...stdio],
    });
    const [line] = (await once(createInterface(program.stdout!), 'line')) as [string];
    started = JSON.parse(line) as typeof started;
  }, 60_000);

  afterAll(async () => {
    program.kill();
    await once(program, 'exit');
  });

  const browser = (name: string) => new Browser(started.urls[name]!);

  describe.each([
    'esm on express',
    'esm on fastify',
    'cjs on express',
    'cjs on fastify',
    'esm, the other loaded later',
  ])('with the module of %s', (name) => {
    it("the other's decorator, guard, middleware and backend work", async () => {
      const visitor = browser(name);
      for (const visits of [1, 2]) {
        const answer = await visitor.get('/visits');
        expect(answer.json()).toEqual({ visits, guarded: visits, isSame: true });
      }
    });

    it("each copy recognises the other's errors", async () => {
      const visitor = browser(name);
      const errors = await visitor.post('/errors');
      expect(errors.json()).toEqual([true, true, true, true, true, false]);
      expect((await visitor.post('/value')).json()).toEqual({ isValueError: true });
      const gone = await visitor.post('/gone');
      expect(gone.json()).toEqual({ caught: expect.stringContaining('Session a no longer') });
    });
  });

  it.each(['esm', 'cjs'])(
    'an application with %s is mounted in one with the other',
    async (name) => {
      const visitor = browser(`${name} mounted in the other`);
      for (const visits of [1, 2]) {
        const expected = { visits, guarded: visits, isSame: true };
        expect((await visitor.get('/visits')).json()).toEqual(expected);
        expect((await visitor.get('/v2/visits')).json()).toEqual(expected);
      }
      expect(Object.keys(visitor.cookies).toSorted()).toEqual(['inner', 'outer']);
    },
  );

  it('the modules of both in one application are refused', () => {
    expect(started.refusal).toMatch(/^true: .*called 2 times in this application: call it once/s);
  });
});
