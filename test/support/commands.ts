import type { Cluster, Redis } from 'ioredis';

/** What an ioredis Cluster sends of its own accord, to know who has which keys. */
const UPKEEP = ['cluster', 'info'];

/** The commands that clients sent to a Redis while something ran, in order; what scripts did inside is left out. */
export async function commandsOf(
  client: Redis | Cluster,
  run: () => Promise<unknown>,
): Promise<string[]> {
  const nodes = client.isCluster ? (client as Cluster).nodes('master') : [client as Redis];
  const commands: string[] = [];
  const monitors = await Promise.all(nodes.map((node) => node.monitor()));
  for (const monitor of monitors) {
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (source !== 'lua') commands.push(args[0]!.toLowerCase().replace(/^eval(sha)?$/, 'script'));
    });
  }
  try {
    await run();
    await Promise.all(nodes.map((node, index) => echoed(node, monitors[index]!)));
  } finally {
    for (const monitor of monitors) monitor.disconnect();
  }
  const ignored = client.isCluster ? ['echo', ...UPKEEP] : ['echo'];
  return commands.filter((name) => !ignored.includes(name));
}

/** Waits until a monitor has told of all that was sent before. */
async function echoed(node: Redis, monitor: Redis): Promise<void> {
  const marker = `marker-${Math.random()}`;
  const isSeen = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, args: string[]) => args[1] === marker && resolve());
  });
  await node.echo(marker);
  await isSeen;
}
