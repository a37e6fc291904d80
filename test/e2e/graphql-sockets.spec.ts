import { describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { SETUPS } from '../support/graphql-app.js';
import { GraphqlSuite } from '../support/graphql-suite.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;

describe.each(SETUPS)('GraphQL over a socket, by $name', (setup) => {
  const suite = new GraphqlSuite(setup);

  /** A socket of a browser with one visit, or signed in. What the backend did before it is forgotten. */
  const visitor = async (
    session: Parameters<typeof suite.start>[0] = {},
    begin = 'mutation { visit }',
  ) => {
    await suite.start(session);
    await suite.data(begin);
    suite.forget();
    return suite.connect();
  };
  const visits = async () => (await suite.data('{ visits }'))['visits'];

  describe.each(['eager', 'lazy'] as const)('with load %s', (load) => {
    it('each operation has the session of the handshake as it is then', async () => {
      const ask = await visitor({ load }, 'mutation { signIn(userId: "ada") }');
      expect(await ask('{ visits }')).toEqual([{ visits: 0 }]);
      expect(await ask('subscription { user }')).toEqual([{ user: 'ada' }]);
      expect(await ask('mutation { visit }')).toEqual([{ visit: 1 }]);
      expect(await suite.data('mutation { visit }')).toEqual({ visit: 2 });
      expect(await ask('{ visits again visit { number isSame } }')).toEqual([
        { visits: 2, again: 2, visit: { number: 2, isSame: true } },
      ]);
    });

    it('is answered after what it has changed is stored, and not before', async () => {
      const ask = await visitor({ load });
      const gate = new Gate();
      suite.backend.beforeWrite = () => gate.pass();
      const answer = ask('mutation { visit }');
      await gate.reached;
      expect(await Promise.race([answer, ask('{ open }')])).toEqual([{ open: 1 }]);
      gate.open();
      expect(await answer).toEqual([{ visit: 2 }]);
    });

    it('is told, in each field, of a commit that failed', async () => {
      const ask = await visitor({ load });
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      const [answer] = (await ask('mutation { visit field(number: 1) }')) as string[];
      expect(answer!.match(/session backend failed/g)).toHaveLength(2);
      suite.backend.beforeWrite = async () => {};
      expect(await visits()).toBe(1);
    });
  });

  it('reads once, however many root fields it has', async () => {
    const ask = await visitor();
    await ask('{ a: visits b: visits c: again }');
    expect([suite.backend.reads, suite.backend.writes]).toEqual([1, []]);
  });

  it('reads nothing with load lazy where nobody asks', async () => {
    const ask = await visitor({ load: 'lazy' });
    expect(await ask('{ open }')).toEqual([{ open: 1 }]);
    expect(suite.backend.reads).toBe(0);
  });

  it('stores what a guard changed that refuses', async () => {
    const ask = await visitor();
    expect(await ask('{ refused }')).toEqual(['Forbidden resource']);
    await until('the change of the guard', () => suite.backend.writes.length === 1);
    expect(await suite.data('{ visits }')).toEqual({ visits: 1 });
  });

  it('stores what a subscription changes between its values', async () => {
    const ask = await visitor();
    expect(await ask('subscription { counted }')).toEqual([{ counted: 2 }, { counted: 3 }]);
    await until('the changes', () => suite.backend.writes.length > 0);
    expect(await visits()).toBe(3);
  });

  it('gives no new token, and begins no session', async () => {
    const ask = await visitor();
    const [renewed] = await ask('mutation { renew }');
    expect(renewed).toMatch(/over HTTP, and connect again/);
    const stranger = await suite.connect({});
    expect(await stranger('{ visits }')).toEqual([{ visits: 0 }]);
    const [begun] = await stranger('mutation { visit }');
    expect(begun).toMatch(/handshake of its socket brought no session.*connect again/);
    expect(suite.backend.writes).toEqual([]);
  });

  it('leaves a session dead that has ended, and says so, where the socket goes on', async () => {
    const backend = new GatedBackend(new MemoryBackend(), false);
    const ask = await visitor({ backend });
    await ask('{ visits }');
    await suite.data('mutation { signOut }');
    expect(await ask('subscription { user }')).toEqual([{ user: 'nobody' }]);
    const [written] = await ask('mutation { visit }');
    expect(written).toMatch(/no longer exists.*have the client connect again/);
  });

  it('outlives a renewal of its token, and renews none', async () => {
    const ask = await visitor({ renewInterval: '10m' });
    const { sid } = suite.browser.cookies;
    const id = idIn(suite.browser);
    await age(suite.backend, id, 11 * MINUTE_MS);
    suite.forget();
    expect(await ask('mutation { visit }')).toEqual([{ visit: 2 }]);
    expect(suite.backend.writes).toEqual(['update']);
    await visits();
    expect(suite.browser.cookies.sid).not.toBe(sid);
    await age(suite.backend, id, MINUTE_MS);
    expect(await ask('mutation { visit }')).toEqual([{ visit: 3 }]);
  });
});
