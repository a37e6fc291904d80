import type { Cluster, Redis } from './ioredis.cjs';
import { describeError } from '../../errors/describe-error.js';

/** How long the error of one node of a Cluster says something of what happens now: the others go on. */
const NODE_ERROR_MS = 10_000;

const KNOWN = new WeakMap<Redis | Cluster, ConnectionErrors>();

/**
 * Why an ioredis client has no connection. Its commands do not say so: they wait, or fail with "Connection is closed." or
 * "Reached the max retries per request limit".
 *
 * It listens to `error`, so ioredis no longer prints what it would print where nobody listens.
 */
export class ConnectionErrors {
  #last: { readonly error: Error; readonly untilMs: number } | undefined;

  private constructor(private readonly client: Redis | Cluster) {
    client.on('error', (error: unknown) => this.#note(error, placeOf(this.client), Infinity));
    client.on('node error', (error: unknown, node: string) =>
      this.#note(error, node, performance.now() + NODE_ERROR_MS),
    );
    client.on('close', () => this.#noteClose());
    client.on('ready', () => (this.#last = undefined));
  }

  /** Of a client, however many backends use it: each would add a listener. */
  static of(client: Redis | Cluster): ConnectionErrors {
    const known = KNOWN.get(client) ?? new ConnectionErrors(client);
    KNOWN.set(client, known);
    return known;
  }

  /** The last error of a connection, with its host, as long as it is not mended. */
  get last(): Error | undefined {
    return this.#last && performance.now() < this.#last.untilMs ? this.#last.error : undefined;
  }

  /** A server that is killed closes its connections without an error; the next try to connect has one. */
  #noteClose(): void {
    const place = placeOf(this.client);
    const which = place === undefined ? 'all connections' : `the connection to ${place}`;
    this.#last ??= { error: new Error(`${which} closed`), untilMs: Infinity };
  }

  /** As an error of our own: ioredis attaches the command to its errors, which for AUTH holds the password. */
  #note(cause: unknown, place: string | undefined, untilMs: number): void {
    const text = describeError(cause);
    const where = place === undefined || text.includes(place) ? '' : `${place}: `;
    this.#last = { error: new Error(where + text), untilMs };
  }
}

function placeOf(client: Redis | Cluster): string | undefined {
  if (client.isCluster) return undefined;
  const { host, port, path, sentinels, name } = (client as Redis).options;
  if (sentinels) return `the master ${name} of Sentinels`;
  return path ?? `${host}:${port}`;
}
