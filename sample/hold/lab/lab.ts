import { randomBytes } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { RedisStore } from 'connect-redis';
import { MemoryStore, type Store } from 'express-session';
import { MemoryBackend, RedisBackend } from 'nestjs-server-session';
import { createClient } from 'redis';
import type { RedisProcess } from '../redis/redis-process.js';
import { createExpressSessionApp } from './express-session.app.js';
import { createHereApp } from './here.app.js';
import { Visitor } from './visitor.js';

/** The two that are compared. */
export const SIDES = ['here', 'expressSession'] as const;
export type Side = (typeof SIDES)[number];

/** What the keys of each begin with. */
export const PREFIXES: Record<Side, string> = {
  here: 'here:',
  expressSession: 'express-session:',
};

/**
 * The same handlers twice, with this library and with express-session: two servers on loopback, with their sessions in one
 * Redis, or in memory where there is none.
 */
export class Lab {
  /** One experiment at a time: what a second one did would be counted with the first. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly apps: Record<Side, INestApplication>,
    private readonly urls: Record<Side, string>,
    private readonly disconnect: () => void,
  ) {}

  static async start(redis: RedisProcess): Promise<Lab> {
    const secret = randomBytes(32).toString('base64url');
    const isMissing = redis.state === 'missing';
    const backend = isMissing
      ? new MemoryBackend()
      : RedisBackend.fromUrl(redis.url, { prefix: PREFIXES.here });
    const { store, disconnect } = isMissing
      ? { store: new MemoryStore(), disconnect: () => {} }
      : await connectStore(redis.url);
    const apps = {
      here: await createHereApp(secret, backend),
      expressSession: await createExpressSessionApp(secret, store),
    };
    for (const side of SIDES) await apps[side].listen(0, '127.0.0.1');
    const urls = {
      here: await apps.here.getUrl(),
      expressSession: await apps.expressSession.getUrl(),
    };
    return new Lab(apps, urls, disconnect);
  }

  visitor(side: Side): Visitor {
    return new Visitor(this.urls[side]);
  }

  alone<T>(experiment: () => Promise<T>): Promise<T> {
    const result = this.#last.then(experiment);
    this.#last = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    // First: what express-session still waits for is not answered before Redis is back.
    this.disconnect();
    await Promise.all(SIDES.map((side) => this.apps[side].close()));
  }
}

async function connectStore(url: string): Promise<{ store: Store; disconnect: () => void }> {
  const client = createClient({ url });
  // It connects again by itself; without a listener an error would end the process.
  client.on('error', () => {});
  await client.connect();
  const store = new RedisStore({ client, prefix: PREFIXES.expressSession });
  return { store, disconnect: () => client.destroy() };
}
