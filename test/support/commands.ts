import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
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
  const monitors = await Promise.all(nodes.map((node) => Monitor.of(node)));
  for (const monitor of monitors) {
    monitor.on('command', (name: string, source: string) => {
      if (source !== 'lua') commands.push(name.toLowerCase().replace(/^eval(sha)?$/, 'script'));
    });
  }
  try {
    await run();
    await Promise.all(nodes.map((node, index) => echoed(node, monitors[index]!)));
  } finally {
    for (const monitor of monitors) monitor.stop();
  }
  const ignored = client.isCluster ? ['echo', ...UPKEEP] : ['echo'];
  return commands.filter((name) => !ignored.includes(name));
}

/** Waits until a monitor has told of all that was sent before. */
async function echoed(node: Redis, monitor: Monitor): Promise<void> {
  const marker = `marker-${Math.random()}`;
  const isSeen = new Promise<void>((resolve) => {
    monitor.on('command', (_name, _source, line: string) => line.includes(marker) && resolve());
  });
  await node.echo(marker);
  await isSeen;
}

/** That of ioredis fails where a command of somebody comes together with the answer to its own. */
class Monitor extends EventEmitter {
  private constructor(private readonly socket: Socket) {
    super();
    createInterface(socket).on('line', (line) => {
      const [, source, name] = /^\+[\d.]+ \[\d+ (.*?)\] "(.*?)"/.exec(line) ?? [];
      this.emit(name ? 'command' : 'begun', name, source, line);
    });
  }

  static async of({ options: { host, port } }: Redis): Promise<Monitor> {
    const monitor = new Monitor(connect(port!, host));
    monitor.socket.write('MONITOR\r\n');
    await once(monitor, 'begun');
    return monitor;
  }

  stop(): void {
    this.socket.destroy();
  }
}
