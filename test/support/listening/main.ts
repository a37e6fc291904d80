import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { createClient, createClientPool } from 'redis';

/** A process that tells what it hears: a line when it may have missed something, and one for each news. */
const [kind, port] = process.argv.slice(2) as [string, string];
const url = `redis://127.0.0.1:${port}`;

interface Used {
  readonly backend: RedisBackend;
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
