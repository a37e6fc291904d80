import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { restarted, TroubledApp, type TroubledAppOptions } from '../support/troubled-app.js';

/** Makes it read its file slowly, and look after its clients meanwhile. */
const SLOWLY = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'];
const KEYS = 1200;

/** A client that does not ask whether Redis is ready meets the refusal itself. */
const CLIENTS: Pick<TroubledAppOptions, 'adapter' | 'client'>[] = [
  { adapter: 'express', client: 'fromUrl' },
  { adapter: 'fastify', client: 'fromUrl' },
  { adapter: 'fastify', client: { enableReadyCheck: false } },
];

describe.each(CLIENTS)('a Redis that is loading, on $adapter with $client', RETRIED, (cell) => {
  let server: RedisServer;
  let app: TroubledApp;
  beforeEach(async () => {
    server = await RedisServer.start(...SLOWLY);
    app = await TroubledApp.start({ server, ...cell });
  });
  afterEach(async () => {
    await app.stop();
    await server.stop();
  });

  it('503 in time while it loads, and back soon after', async () => {
    await server.with(async (client) => {
      for (let key = 0; key < KEYS; key++) void client.set(`key${key}`, 'x'.repeat(100));
      // The last part of the file is long and read at once, so that Redis itself expects to take far longer.
      await client.select(1);
      await client.set('large', randomBytes(5_000_000));
      await client.save();
    });
    await server.kill();
    const meanwhile = async () => {
      await app.expectUnavailable();
      await app.expectUnharmed();
    };
    await Promise.all([restarted(server), meanwhile()]);
    await app.expectBack();
    expect(app.logged).toEqual([...new Set(app.logged)]);
  });
});
