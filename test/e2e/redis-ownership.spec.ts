import { stringifyCookie } from 'cookie';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RedisBackend } from 'nestjs-server-session';
import { ADAPTERS } from '../support/app.js';
import { RawRequest } from '../support/raw-client.js';
import { gate } from '../support/interleaving-controller.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { TroubledApp } from '../support/troubled-app.js';
import { until } from '../support/until.js';

/** How long a shutdown may take whose Redis does not answer. */
const CLOSE_MS = 3000;

describe.each(ADAPTERS)('whose client it is, on %s', RETRIED, (adapter) => {
  let server: RedisServer;
  let app: TroubledApp;
  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await app.stop();
    await server.stop();
  });

  it('a client of the user stays open when the application closes', async () => {
    app = await TroubledApp.start({ adapter, server, client: "a user's client" });
    await app.app.stop();
    expect(await new RedisBackend({ client: app.used!.client }).get('one')).toBeNull();
  });

  it('one of its own is closed, after requests that were running have saved', async () => {
    app = await TroubledApp.start({ adapter, server });
    const { visitor } = app;
    const slow = gate('closing');
    const cookie = stringifyCookie(visitor.cookies);
    const path = '/set/2?gate=closing';
    const request = await RawRequest.send(app.app.url, 'POST', path, { cookie });
    await slow.reached;
    const closing = app.app.stop();
    await until('no new connections', () => isRefused(app.app.url));
    slow.open();
    expect((await request.answer()).status).toBe(200);
    await closing;
    await server.with(async (client) => {
      const [key] = await client.keys('sess:*');
      expect(await client.get(key!)).toContain('field2');
      expect(await connections()).toBe(1);
    });
  });

  it.each(['killed', 'frozen'] as const)(
    'a %s Redis does not keep it from closing',
    async (how) => {
      const sockets = openSockets();
      app = await TroubledApp.start({ adapter, server });
      if (how === 'killed') await server.kill();
      else server.freeze();
      await app.visitor.get('/session');
      const startMs = performance.now();
      await app.app.stop();
      await until('every socket closed', () => openSockets() <= sockets, CLOSE_MS);
      expect(performance.now() - startMs).toBeLessThan(CLOSE_MS);
    },
  );

  async function connections(): Promise<number> {
    return Number((await server.info('clients'))['connected_clients']) - 1;
  }
});

/** What keeps a process from ending by itself. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}

async function isRefused(url: string): Promise<boolean> {
  try {
    await (await RawRequest.send(url, 'GET', '/')).answer();
    return false;
  } catch {
    return true;
  }
}
