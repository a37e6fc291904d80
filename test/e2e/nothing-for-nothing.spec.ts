import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { TestApp } from '../support/app.js';
import { forged } from '../support/browser.js';
import { startBackend, startRedis, type TestBackend, type TestRedis } from '../support/backends.js';
import { commandsOf } from '../support/commands.js';
import { GatedBackend } from '../support/gated-backend.js';
import { CELLS, REDIS_CELLS } from '../support/matrix.js';
import { START_MS } from '../support/shared-servers.js';

/** Enough sessions for each of three masters to have one. */
const WARM_UP = 20;

@Controller()
class SampleController {
  @Get('plain')
  plain() {
    return 'plain';
  }
  @Get('read')
  read(@Session() session: Session) {
    return { visits: session.visits ?? null, items: session.cart?.items.length ?? null };
  }
  @Post('write')
  @HttpCode(200)
  write(@Session() session: Session) {
    session.visits = (session.visits ?? 0) + 1;
    session.cart ??= { items: [] };
    session.cart.items.push({ sku: 'a', count: 1 });
  }
}

describe.each(REDIS_CELLS)('nothing for nothing, with $name on $adapter, by $transport', (cell) => {
  const { name, adapter, transport } = cell;
  let redis: TestRedis;
  let app: TestApp;
  const commands = (run: () => Promise<unknown>) => commandsOf(redis.client, run);

  beforeAll(async () => {
    redis = await startRedis(name);
    app = await TestApp.start({
      adapter,
      transport,
      session: { backend: redis.backend, touchInterval: '1m' },
      controllers: [SampleController],
    });
    // Connections are open and scripts are loaded everywhere.
    for (let visitor = 0; visitor < WARM_UP; visitor++) {
      const browser = app.browser();
      await browser.post('/write');
      await browser.post('/write');
    }
  }, START_MS);
  afterAll(async () => {
    await app.stop();
    await redis.stop();
  });

  it.each(['/plain', '/read', '/none'])(
    'GET %s without a cookie: no session, no cookie, no command',
    async (path) => {
      const sent = await commands(async () => {
        expect((await app.browser().get(path)).told).toEqual([]);
      });
      expect(sent).toEqual([]);
    },
  );

  it('one command for a first write', async () => {
    expect(await commands(() => app.browser().post('/write'))).toEqual(['script']);
  });

  it('one command for a read, two for a write, and a cookie only with the first', async () => {
    const browser = app.browser();
    expect((await browser.post('/write')).told).toHaveLength(1);
    const read = await commands(async () => {
      const answer = await browser.get('/read');
      expect(answer.json()).toEqual({ visits: 1, items: 1 });
      expect(answer.told).toEqual([]);
    });
    expect(read).toEqual(['mget']);
    const write = await commands(async () => {
      expect((await browser.post('/write')).told).toEqual([]);
    });
    expect(write).toEqual(['mget', 'script']);
  });

  it('no command for a token whose signature is wrong', async () => {
    const browser = app.browser();
    await browser.post('/write');
    browser.token = forged(browser.token!);
    const sent = await commands(async () => {
      const answer = await browser.get('/read');
      expect(answer.json()).toEqual({ visits: null, items: null });
      expect(answer.told).toEqual([]);
    });
    expect(sent).toEqual([]);
  });

  it('a use is written once per touchInterval, and then the cookie lives on', async () => {
    const browser = app.browser();
    await browser.post('/write');
    const reads = () => commands(() => browser.get('/read'));
    await age(redis.backend, idIn(browser), 55_000);
    expect(await reads()).toEqual(['mget']);
    await age(redis.backend, idIn(browser), 6_000);
    let told: string[] = [];
    const touched = await commands(async () => {
      told = (await browser.get('/read')).told;
    });
    expect(touched).toEqual(['mget', 'script']);
    // A client that keeps its token by itself need not hear that it lives on.
    const longerLife = expect.stringMatching(/^sid=.*; Max-Age=120960[01];/);
    expect(told).toEqual(transport === 'cookie' ? [longerLife] : []);
    expect(await reads()).toEqual(['mget']);
  });
});

describe.each(CELLS)(
  'nothing for nothing, in calls of the backend, with $name on $adapter, by $transport',
  ({ name, adapter, transport }) => {
    let inner: TestBackend;
    let backend: GatedBackend;
    let app: TestApp;
    beforeAll(async () => {
      inner = await startBackend(name);
      backend = new GatedBackend(inner.backend);
      app = await TestApp.start({
        adapter,
        transport,
        session: { backend },
        controllers: [SampleController],
      });
    }, START_MS);
    afterAll(async () => {
      await app.stop();
      await inner.stop();
    });

    /** How many reads and which writes a request asks for. */
    async function calls(run: () => Promise<unknown>) {
      backend.reads = 0;
      backend.writes.length = 0;
      await run();
      return [backend.reads, ...backend.writes];
    }

    it('none, one for a read, two for a write', async () => {
      const browser = app.browser();
      expect(await calls(() => app.browser().get('/plain'))).toEqual([0]);
      expect(await calls(() => app.browser().get('/read'))).toEqual([0]);
      expect(await calls(() => browser.post('/write'))).toEqual([0, 'create']);
      expect(await calls(() => browser.get('/read'))).toEqual([1]);
      expect(await calls(() => browser.post('/write'))).toEqual([1, 'update']);
      browser.token = forged(browser.token!);
      expect(await calls(() => browser.get('/read'))).toEqual([0]);
    });
  },
);
