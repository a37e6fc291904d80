import { ConnectionErrors, NODE_ERROR_MS } from '../connection-errors.js';
import { openSubscription, type SubscriptionEvents } from '../subscription.js';
import type { RedisCommand, RedisDriver } from './driver.js';
import { inTurn } from './in-turn.js';
import { ioredisSubscriber } from './ioredis-subscriber.js';

/** A client of ioredis or iovalkey: single, Sentinel or Cluster. */
export interface IoredisClient {
  readonly isCluster: boolean;
  call(name: string, ...args: string[]): Promise<unknown>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** A Cluster that gathers commands by the slots of their keys. */
interface GatheringCluster {
  readonly options?: { readonly enableAutoPipelining?: boolean };
  pipeline(commands: string[][]): { exec(): Promise<[error: Error | null, reply: unknown][]> };
}

/** What of a single client's options says where its server is. */
interface Place {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly sentinels?: unknown;
  readonly name?: string;
}

/**
 * Speaks through ioredis or iovalkey, which find the keys in a command by themselves and put a `keyPrefix` before them.
 *
 * It listens to `error`, so that the client no longer prints what it would print where nobody listens.
 */
export class IoredisDriver implements RedisDriver {
  readonly keyPrefix = '';
  readonly #errors = new ConnectionErrors();
  readonly #pick = inTurn();

  constructor(private readonly client: IoredisClient) {
    const errors = this.#errors;
    client.on('error', (error: unknown) => errors.note(error, placeOf(client)));
    client.on('node error', (error: unknown, node: string) =>
      errors.note(error, node, NODE_ERROR_MS),
    );
    client.on('close', () => errors.noteClose(placeOf(client)));
    client.on('ready', () => errors.mended());
  }

  get isSharded(): boolean {
    return this.client.isCluster;
  }

  get addedPrefix(): string {
    const { options } = this.client as { options?: { keyPrefix?: string | Buffer } };
    return options?.keyPrefix?.toString() ?? '';
  }

  get lastError(): Error | undefined {
    return this.#errors.last;
  }

  async send(_key: string, command: RedisCommand): Promise<unknown> {
    try {
      return await sent(this.client, command);
    } catch (error) {
      // The command is attached, with the session's values: they must not reach a log.
      delete (error as { command?: unknown }).command;
      throw error;
    }
  }

  subscribe(channels: readonly string[], events: SubscriptionEvents): () => void {
    return openSubscription(events, (told) =>
      ioredisSubscriber(this.client, channels, told, this.#pick),
    );
  }
}

/**
 * With `enableAutoPipelining` iovalkey and older ioredis look for the slot in the first argument, which for a script is no
 * key: a pipeline of one command looks in the key.
 */
function sent(client: IoredisClient, command: RedisCommand): Promise<unknown> {
  const cluster = client as unknown as GatheringCluster;
  const isGathered = client.isCluster && cluster.options?.enableAutoPipelining === true;
  const isScript = isGathered && command[0].startsWith('eval');
  return isScript ? sentAlone(cluster, command) : client.call(...command);
}

async function sentAlone(cluster: GatheringCluster, command: RedisCommand): Promise<unknown> {
  const [[error, reply] = []] = await cluster.pipeline([[...command]]).exec();
  if (error) throw error;
  return reply;
}

function placeOf(client: IoredisClient): string | undefined {
  if (client.isCluster) return undefined;
  const { host, port, path, sentinels, name } = (client as { options?: Place }).options ?? {};
  if (sentinels) return `the master ${name} of Sentinels`;
  return path ?? `${host}:${port}`;
}
