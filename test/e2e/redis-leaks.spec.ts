import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { isWhole } from '../support/extent.js';
import { flood } from '../support/flood.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { restarted, TroubledApp, type TroubledAppOptions } from '../support/troubled-app.js';

const FIRST = 10_000;
/** What of the heap is noise: 130 bytes for each of 30,000 requests would be more, 410 for each of 10,000. */
const NOISE_BYTES = 4 * 1024 * 1024;
const REQUESTS = isWhole ? 40_000 : 20_000;
const LONG_MS = 60_000;

// Node's own default: what vitest makes of it costs each error more than all the rest of its request.
Error.stackTraceLimit = 10;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Trouble extends Pick<TroubledAppOptions, 'adapter' | 'client'> {
  name: string;
  requests: number;
  begin(server: RedisServer): unknown;
  end(server: RedisServer): unknown;
}

const kill = { begin: (server: RedisServer) => server.kill(), end: restarted };
const freeze = {
  begin: (server: RedisServer) => server.freeze(),
  end: (server: RedisServer) => server.resume(),
};
const refuse = {
  begin: (server: RedisServer) =>
    server.with((client) => client.acl('SETUSER', 'default', '-get', '-mget')),
  end: (server: RedisServer) => server.with((client) => client.acl('SETUSER', 'default', '+@all')),
};

const TROUBLES: Trouble[] = [
  { name: 'killed', requests: REQUESTS, adapter: 'fastify', ...kill },
  { name: 'frozen', requests: REQUESTS, adapter: 'fastify', ...freeze },
  {
    name: 'refusing',
    requests: isWhole ? 20_000 : 15_000,
    adapter: 'express',
    client: "a user's client",
    ...refuse,
  },
];

describe.each(TROUBLES)('$requests requests to a $name Redis, on $adapter', RETRIED, (trouble) => {
  let server: RedisServer;
  let app: TroubledApp;
  beforeEach(async () => {
    server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
    app = await TroubledApp.start({ server, ...trouble });
  });
  afterEach(async () => {
    server.resume();
    await app.stop();
    await server.stop();
  });

  it(
    'each is 503; no memory and no socket is kept, and one line is logged',
    async () => {
      const rest = trouble.requests - FIRST;
      await trouble.begin(server);
      expect(await floodWith(FIRST)).toEqual({ 503: FIRST });
      const before = held();
      expect(await floodWith(rest)).toEqual({ 503: rest });
      expect(held().heapBytes - before.heapBytes).toBeLessThan(NOISE_BYTES);
      // A client that reconnects has one more for a moment.
      await until('sockets closed', () => held().sockets <= before.sockets + 1);
      expect(app.logged).toEqual([...new Set(app.logged)]);
      expect(app.app.logs.lines.length).toBeLessThanOrEqual(2);
      await trouble.end(server);
      await app.expectBack();
    },
    LONG_MS,
  );

  const floodWith = (count: number) => flood(app.app.url, '/session', app.visitor, count);
});

function held(): { heapBytes: number; sockets: number } {
  collectGarbage();
  const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
  return { heapBytes: process.memoryUsage().heapUsed, sockets: sockets.length };
}
