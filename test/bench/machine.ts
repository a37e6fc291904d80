import { cpus } from 'node:os';
import type { RedisServer } from '../support/redis-server.js';

/** What a result depends on: when, how and on what it was measured. */
export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly cpu: string;
  readonly node: string;
  readonly redis: string;
}

export async function circumstances(
  args: readonly string[],
  redis: RedisServer,
): Promise<Circumstances> {
  const cores = cpus();
  return {
    date: new Date().toISOString(),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args.map(quoted)] : [])].join(' '),
    cpu: `${cores[0]?.model.trim()}, ${cores.length} cores`,
    node: process.version,
    redis: await versionOf(redis),
  };
}

async function versionOf(redis: RedisServer): Promise<string> {
  const client = redis.client();
  try {
    return /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown';
  } finally {
    client.disconnect();
  }
}

function quoted(arg: string): string {
  return /^[\w./:-]+$/.test(arg) ? arg : `'${arg}'`;
}

export function describe({ date, command, cpu, node, redis }: Circumstances): string {
  return `${date} · \`${command}\`\n${cpu} · Node ${node} · Redis ${redis}`;
}
