import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import pg from 'pg';
import { createClient, createClientPool } from 'redis';

/** A process that tells what it hears: a line when it may have missed something, and one for each news. */
const [kind, port] = process.argv.slice(2) as [string, string];
const url = `redis://127.0.0.1:${port}`;

interface Used {
  readonly backend: RedisBackend | PostgresBackend;
  close(): unknown;
}

const KINDS: Record<string, () => Promise<Used>> = {
  async fromUrl() {
    const backend = RedisBackend.fromUrl(url);
    backend.acquire();
    return { backend, close: () => backend.release() };
  },
  async ioredis() {
    const client = new Redis(url);
    return { backend: new RedisBackend({ client }), close: () => client.disconnect() };
  },
  async 'node-redis'() {
    const client = createClient({ url });
    await client.connect();
    return { backend: new RedisBackend({ client }), close: () => client.destroy() };
  },
  async 'node-redis pool'() {
    const client = createClientPool({ url });
    await client.connect();
    return { backend: new RedisBackend({ client }), close: () => client.close() };
  },
  async pg() {
    const pool = new pg.Pool({ host: '127.0.0.1', port: Number(port), user: 'postgres' });
    return { backend: new PostgresBackend({ pool }), close: () => pool.end() };
  },
};

const { backend, close } = await KINDS[kind]!();
backend.ends.listen({
  missed: () => console.log('missed'),
  tell: (news) => console.log(JSON.stringify(news)),
});

// Whoever started it says when its client is to be closed. What listens is not stopped.
const input = createInterface(process.stdin);
input.once('line', () => {
  input.close();
  process.stdin.unref();
  void close();
});
