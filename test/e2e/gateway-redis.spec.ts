import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisBackend } from 'nestjs-server-session';
import type { Redis } from 'ioredis';
import { ADAPTERS, TestApp } from '../support/app.js';
import { commandsOf } from '../support/commands.js';
import { SignedInGuard, TestGateway, VisitsController } from '../support/gateway.js';
import { connect, type GatewayClient, useGateways } from '../support/gateway-client.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const MESSAGES = 100;

describe.each(['socket.io', 'ws'] as const)('a gateway over %s with Redis', (platform) => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    let server: RedisServer;
    let client: Redis;
    let app: TestApp;
    const sockets: GatewayClient[] = [];

    beforeAll(async () => {
      server = await RedisServer.start();
      client = server.client();
      app = await TestApp.start({
        adapter,
        session: { backend: new RedisBackend({ client }) },
        controllers: [VisitsController],
        providers: [TestGateway, SignedInGuard],
        prepare: (nest) => useGateways(nest, platform),
      });
    });
    afterAll(async () => {
      for (const socket of sockets) socket.close();
      await app.stop();
      client.disconnect();
      await server.stop();
    });

    const joined = async (cookies: Record<string, string>) => {
      const socket = await connect(platform, app, cookies);
      sockets.push(socket);
      return socket;
    };

    it('asks Redis once to connect, once to read, twice to write, and else not at all', async () => {
      const browser = app.browser();
      await browser.post('/visits');
      const of = (run: () => Promise<unknown>) => commandsOf(client, run);
      let socket!: GatewayClient;
      // With the first one listening to ends begins, whereupon that is asked for again.
      const first = app.browser();
      await first.post('/visits');
      await joined(first.cookies);
      const isListening = async () => (await client.pubsub('CHANNELS', '*ends')).length > 0;
      await until('a connection that listens', isListening);
      await until('no more questions', async () => (await of(() => sleep(200))).length === 0);
      const join = async () => {
        socket = await joined(browser.cookies);
        // The session is read when the handshake is over.
        await sleep(50);
      };
      expect(await of(join)).toEqual(['mget']);
      expect(await of(() => socket.ask('plain', {}))).toEqual([]);
      expect(await of(() => socket.ask('read'))).toEqual(['mget']);
      expect(await of(() => socket.ask('read'))).toEqual(['mget']);
      // What a guard changes that refuses is stored right after the client has its exception.
      const refused = () => socket.ask('guarded').finally(() => sleep(50));
      expect(await of(refused)).toEqual(['mget', 'script']);
      expect(await of(() => socket.ask('increment'))).toEqual(['mget', 'script']);
      const stranger = await joined({});
      expect(await of(() => stranger.ask('read'))).toEqual([]);
    });

    it('loses no change of messages that come at the same time', async () => {
      const browser = app.browser();
      await browser.post('/visits');
      const pair = [await joined(browser.cookies), await joined(browser.cookies)];
      const asked = pair.flatMap((socket, index) =>
        Array.from({ length: MESSAGES }, (_, at) => [
          socket.ask('increment'),
          socket.ask('set', { [`field${index * MESSAGES + at}`]: at }),
        ]),
      );
      await Promise.all(asked.flat());
      const { visits, ...fields } = (await browser.get('/visits')).json();
      expect(visits).toBe(1 + 2 * MESSAGES);
      expect(Object.keys(fields)).toHaveLength(2 * MESSAGES);
    });
  });
});
