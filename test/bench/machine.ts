import { cpus } from 'node:os';
import type { Redis } from 'ioredis';

/** What a result depends on: when, how and on what it was measured. */
export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly cpu: string;
  readonly node: string;
  readonly redis: string;
}

export async function circumstances(args: readonly string[], redis: Redis): Promise<Circumstances> {
  const cores = cpus();
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1];
  return {
    date: new Date().toISOString(),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args.map(quoted)] : [])].join(' '),
    cpu: `${cores[0]?.model.trim()}, ${cores.length} cores`,
    node: process.version,
    redis: version ?? 'unknown',
  };
}

function quoted(arg: string): string {
  return /^[\w./:-]+$/.test(arg) ? arg : `'${arg}'`;
}

export function describe({ date, command, cpu, node, redis }: Circumstances): string {
  return `${date} · \`${command}\`\n${cpu} · Node ${node} · Redis ${redis}`;
}
