import { describe, expect, it } from 'vitest';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { SessionService } from 'nestjs-server-session';
import { TestApp } from '../support/app.js';
import { SETUPS } from '../support/graphql-app.js';
import { GraphqlSuite } from '../support/graphql-suite.js';

it('a GraphQL context without its request is an error that says what to return', async () => {
  const app = await TestApp.start({ adapter: 'express' });
  const context = new ExecutionContextHost([{}, {}, { user: 'ada' }]);
  context.setType('graphql');
  const of = app.app.get(SessionService).of(context);
  await expect(of).rejects.toThrow(/has no request.*context: \(\{ req \}\) => \(\{ req \}\)/);
  await app.stop();
});

describe.each(SETUPS)('GraphQL by $name', (setup) => {
  const suite = new GraphqlSuite(setup);

  it.each(['eager', 'lazy'] as const)(
    'resolvers have the session, which is begun, read and ended (%s)',
    async (load) => {
      await suite.start({ load });
      expect(await suite.data('{ visits }')).toEqual({ visits: 0 });
      expect(suite.browser.cookies).toEqual({});
      expect(await suite.data('mutation { visit }')).toEqual({ visit: 1 });
      expect(suite.browser.cookies).toHaveProperty('sid');
      expect(await suite.data('{ visits again visit { number isSame } }')).toEqual({
        visits: 1,
        again: 1,
        visit: { number: 1, isSame: true },
      });
      expect(await suite.data('mutation { signOut }')).toEqual({ signOut: true });
      expect(suite.browser.cookies).toEqual({});
    },
  );

  it('an operation loads once and is committed once, however many root fields it has', async () => {
    await suite.start();
    await suite.data('mutation { visit }');
    suite.backend.reads = 0;
    const before = suite.backend.writes.length;
    await suite.data('mutation { a: visit b: visit c: field(number: 1) d: field(number: 2) }');
    expect([suite.backend.reads, suite.backend.writes.slice(before)]).toEqual([1, ['update']]);
    await suite.data('{ a: visits b: visits c: again visit { number isSame } }');
    expect([suite.backend.reads, suite.backend.writes.length]).toEqual([2, before + 1]);
    expect(await suite.data('{ visits }')).toEqual({ visits: 3 });
  });

  it('services find it by `current`', async () => {
    await suite.start({ current: true });
    await suite.data('mutation { visit }');
    expect(await suite.data('{ current }')).toEqual({ current: 1 });
  });

  it('lazy: what does not ask for the session costs nothing', async () => {
    await suite.start({ load: 'lazy' });
    await suite.data('mutation { visit }');
    suite.backend.reads = 0;
    expect(await suite.data('{ open }')).toEqual({ open: 1 });
    expect(suite.backend.reads).toBe(0);
  });

  it('operations that are sent together share the session and are committed once', async () => {
    await suite.start();
    await suite.data('mutation { visit }');
    const before = suite.backend.writes.length;
    const batch = [1, 2, 3].map((n) => ({ query: `mutation { field(number: ${n}) }` }));
    const answers = (await suite.post(batch)).json();
    expect(answers).toEqual([1, 2, 3].map((n) => ({ data: { field: n } })));
    expect(suite.backend.writes.slice(before)).toEqual(['update']);
  });

  it('a guard sees the session, and a new token comes with the sign-in', async () => {
    await suite.start();
    await suite.data('mutation { visit }');
    const { sid } = suite.browser.cookies;
    expect((await suite.ask('{ guarded }')).errors).toHaveLength(1);
    await suite.data('mutation { signIn(userId: "ada") }');
    expect(suite.browser.cookies.sid).not.toBe(sid);
    expect(await suite.data('{ guarded }')).toEqual({ guarded: 'ada' });
  });

  it('of 50 operations at once none loses its write', async () => {
    await suite.start();
    await suite.data('mutation { visit }');
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    await Promise.all(numbers.map((n) => suite.data(`mutation { visit field(number: ${n}) }`)));
    expect(await suite.data('{ visits }')).toEqual({ visits: 51 });
  });

  it('where saving fails the answer is a 503 without data and without a cookie', async () => {
    await suite.start();
    suite.backend.beforeWrite = () => Promise.reject(new Error('full'));
    const answer = await suite.post({ query: 'mutation { visit }' });
    expect(answer.status).toBe(503);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
  });
});
