import type { Redis } from 'ioredis';

/** What clients send to set a connection or a script up, and what this benchmark sends itself. */
const SETUP = /^(hello|info|client|select|auth|ping|echo|config|command|monitor|script)(\||$)/i;

/** How many commands the server has run so far, set-up left out; those that scripts call count too. */
export async function commandsRun(redis: Redis): Promise<number> {
  let calls = 0;
  for (const [, name, count] of (await redis.info('commandstats')).matchAll(
    /^cmdstat_(\S+?):calls=(\d+)/gm,
  )) {
    if (!SETUP.test(name!)) calls += Number(count);
  }
  return calls;
}

/** How many commands clients send while some work is done: each script counts once, whatever it calls. */
export async function commandsSent(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const monitor = await redis.monitor();
  let sent = 0;
  const lastSeen = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, [name = '']: string[], source: string) => {
      if (name.toLowerCase() === 'echo') resolve();
      else if (source !== 'lua' && !SETUP.test(name)) sent++;
    });
  });
  try {
    await work();
    await redis.echo('the last command to be seen');
    await lastSeen;
  } finally {
    monitor.disconnect();
  }
  return sent;
}
