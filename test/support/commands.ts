import type { Redis } from 'ioredis';

/** The commands that clients sent to a Redis while something ran, in order; what scripts did inside is left out. */
export async function commandsOf(client: Redis, run: () => Promise<unknown>): Promise<string[]> {
  const commands: string[] = [];
  const monitor = await client.monitor();
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source !== 'lua') commands.push(args[0]!.toLowerCase().replace(/^eval(sha)?$/, 'script'));
  });
  try {
    await run();
    const marker = `marker-${Math.random()}`;
    const isSeen = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, args: string[]) => args[1] === marker && resolve());
    });
    await client.echo(marker);
    await isSeen;
  } finally {
    monitor.disconnect();
  }
  return commands.filter((name) => name !== 'echo');
}
