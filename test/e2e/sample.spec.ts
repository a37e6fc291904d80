import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../sample/create-app.js';
import { JsonFolderBackend } from '../../sample/sessions/json-folder.backend.js';
import { Browser } from '../support/browser.js';
import { testContract } from '../support/contract.js';
import { RedisServer } from '../support/redis-server.js';

type Backend = 'memory' | 'redis' | 'json folder';

interface Page {
  backend: Backend;
  session: { id: string } | null;
  visits: number;
  cart: { lines: { sku: string; count: number }[] };
  userName: string | null;
}

describe.each<Backend>(['memory', 'redis', 'json folder'])('the sample, on %s', (backend) => {
  let redis: RedisServer | undefined;
  let folder: string;
  let app: INestApplication;
  const environment = { ...process.env };

  async function start(): Promise<string> {
    app = await createApp({ logger: false });
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sessions-sample-'));
    process.env['SESSION_SECRET'] = 'a secret for the sample, long enough to be one';
    if (backend === 'redis') {
      redis = await RedisServer.start();
      process.env['REDIS_URL'] = redis.url;
    }
    if (backend === 'json folder') process.env['SESSION_FOLDER'] = folder;
  });
  afterEach(async () => {
    await app.close();
    await redis?.stop();
    await rm(folder, { recursive: true });
    process.env = { ...environment };
  });

  it('counts visits, keeps a cart, signs in and out', async () => {
    const browser = new Browser(await start());
    const page = async () => (await browser.get('/page')).json<Page>();
    expect(await page()).toMatchObject({ backend, session: null, visits: 0 });
    expect(browser.cookies).toEqual({});

    await Promise.all([browser.post('/visits'), browser.post('/cart/order')]);
    await Promise.all([1, 2, 3].map(() => browser.post('/visits')));
    const [product] = (await browser.get('/cart/products')).json<{ sku: string }[]>();
    await browser.post(`/cart/items/${product!.sku}`);
    await browser.post(`/cart/items/${product!.sku}`);
    expect((await browser.post('/cart/order')).status).toBe(401);

    const before = await page();
    expect(before.visits).toBe(4);
    expect(before.cart.lines).toEqual([expect.objectContaining({ sku: product!.sku, count: 2 })]);
    const stranger = browser.copy();

    const wrong = await browser.postJson('/account/sign-in', { name: 'ada', password: 'wrong' });
    expect(wrong.status).toBe(401);
    const signIn = { name: 'ada', password: 'analytical-engine' };
    expect((await browser.postJson('/account/sign-in', signIn)).status).toBe(200);
    const after = await page();
    expect(after).toMatchObject({ visits: 4, cart: before.cart, userName: 'ada' });
    expect(after.session!.id).toBe(before.session!.id);
    expect(browser.cookies['sid']).not.toBe(stranger.cookies['sid']);
    expect((await stranger.get('/page')).json()).toMatchObject({ session: null, visits: 0 });

    expect((await browser.post('/cart/order')).status).toBe(200);
    const signOut = await browser.post('/account/sign-out');
    expect(signOut.setCookies[0]).toMatch(/^sid=; Max-Age=0/);
    expect(await page()).toMatchObject({ session: null, userName: null });
  });

  it('shows a user’s devices, and tells an open page when it is signed out there', async () => {
    const at = await start();
    const [one, two] = [new Browser(at), new Browser(at)];
    const signIn = { name: 'ada', password: 'analytical-engine' };
    for (const browser of [one, two]) await browser.postJson('/account/sign-in', signIn);
    const devices = (await one.get('/devices')).json<{ id: string; isThis: boolean }[]>();
    expect(devices.map(({ isThis }) => isThis)).toEqual([false, true]);

    const cookie = `sid=${two.cookies['sid']}`;
    const stream = await fetch(`${at}/devices/watch`, { headers: { cookie } });
    expect((await one.request('DELETE', `/devices/${devices[0]!.id}`)).status).toBe(204);
    expect(await stream.text()).toContain('signed in');
    expect((await two.get('/devices')).status).toBe(401);
    expect((await one.get('/devices')).json()).toHaveLength(1);
  });

  if (backend !== 'memory') {
    it('keeps sessions across restarts', async () => {
      const first = new Browser(await start());
      await first.post('/visits');
      await app.close();
      const second = new Browser(await start());
      Object.assign(second.cookies, first.cookies);
      expect((await second.post('/visits')).json()).toEqual({ visits: 2 });
    });
  }
});

describe('the sample’s backend of JSON files', () => {
  const folder = join(tmpdir(), `sessions-contract-${process.pid}`);
  afterAll(() => rm(folder, { recursive: true, force: true }));
  testContract(() => new JsonFolderBackend(folder));
});
