import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Redis, type RedisOptions } from 'ioredis';
import { RedisBackend, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { InterleavingController } from '../support/interleaving-controller.js';
import { freePort, RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const PASSWORD = 'hunter2-of-nobody';
const TIMEOUT_MS = 300;

interface Case {
  readonly name: string;
  /** Of a port where nobody listens. */
  backend(port: number): RedisBackend;
  readonly cause: RegExp;
}

const clients: Redis[] = [];
function userClient(port: number, options: RedisOptions = {}): RedisBackend {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    password: PASSWORD,
    disconnectTimeout: 20,
    ...options,
  });
  clients.push(client);
  return new RedisBackend({ client });
}

const CASES: Case[] = [
  {
    name: 'fromUrl, nobody listens',
    backend: (port) => RedisBackend.fromUrl(`redis://app:${PASSWORD}@127.0.0.1:${port}`),
    cause: /last error: connect ECONNREFUSED 127\.0\.0\.1:\d+\)$/,
  },
  {
    name: 'fromUrl, a host that does not exist',
    backend: (port) => RedisBackend.fromUrl(`redis://:${PASSWORD}@redis.invalid:${port}`),
    cause: /last error: .*(ENOTFOUND|EAI_AGAIN) redis\.invalid/,
  },
  {
    name: 'fromUrl, several addresses',
    backend: (port) => RedisBackend.fromUrl(`redis://:${PASSWORD}@localhost:${port}`),
    cause: /last error: .*connect ECONNREFUSED (127\.0\.0\.1|::1):\d+/,
  },
  {
    name: 'a client that retries a little',
    backend: (port) => userClient(port, { maxRetriesPerRequest: 1, retryStrategy: () => 10 }),
    cause: /failed to create: MaxRetriesPerRequestError: .*\(last error: connect ECONNREFUSED 127/,
  },
  {
    name: 'a client that has given up',
    backend: (port) => userClient(port, { retryStrategy: () => null }),
    cause: /failed to create: Connection is closed\. \(last error: connect ECONNREFUSED 127/,
  },
  {
    name: 'a client with a time limit of its own',
    backend: (port) => userClient(port, { commandTimeout: 100 }),
    cause: /failed to create: Command timed out \(last error: connect ECONNREFUSED 127/,
  },
];

describe.each(ADAPTERS)('the cause is named, on %s', (adapter) => {
  let app: TestApp;
  afterEach(async () => {
    await app.stop();
    for (const client of clients.splice(0)) client.disconnect();
  });

  /** What is logged and told where a session can't be read. */
  async function trouble(backend: RedisBackend) {
    const session = { backend, backendTimeout: TIMEOUT_MS / 1000 };
    app = await TestApp.start({ adapter, session, controllers: [InterleavingController] });
    const { status, text } = await app.browser().post('/set/1');
    expect(status).toBe(503);
    const error = await app.app
      .get(SessionService)
      .get('some id')
      .catch((cause: Error) => cause);
    const health = await app.app.get(SessionService).health();
    return { text, lines: app.logs.lines, error: error as Error, health };
  }

  it.each(CASES)('$name', async ({ backend, cause }) => {
    const kept = backend(await freePort());
    await until('an error', () => kept.lastError !== undefined);
    const { text, lines, error, health } = await trouble(kept);
    const [line] = lines.filter((each) => each.includes('The session backend'));
    expect(line!.replace(/ SessionBackend$/, '')).toMatch(cause);
    expect(error.message).toMatch(/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/);
    expect(health).toMatchObject({ status: 'down', error: expect.stringMatching(/E[A-Z]{5}/) });
    expect(text).toBe('{"statusCode":503,"message":"Service Unavailable"}');
    for (const shown of [lines.join('\n'), inspect(error, { depth: null, showHidden: true })]) {
      expect(shown).not.toContain(PASSWORD);
    }
  });

  describe('where the password is wrong', () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await RedisServer.start();
      await server.with((client) => client.config('SET', 'requirepass', 'another one'));
    });
    afterAll(() => server.stop());

    it('with the host, and never the password', async () => {
      const backend = RedisBackend.fromUrl(`redis://:${PASSWORD}@127.0.0.1:${server.port}`);
      await until('an error', () => backend.lastError !== undefined);
      const { lines, error } = await trouble(backend);
      expect(error.message).toMatch(/WRONGPASS|NOAUTH/);
      expect(lines.join('\n')).toMatch(/WRONGPASS|NOAUTH/);
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain(PASSWORD);
      expect(inspect(backend.lastError, { depth: null, showHidden: true })).not.toContain(PASSWORD);
    });
  });
});
