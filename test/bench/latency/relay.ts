import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';

const WORKER = new URL('relay-worker.js', import.meta.url);

/** Puts a Redis server further away, from a thread of its own. */
export class Relay {
  private constructor(
    readonly port: number,
    private readonly worker: Worker,
  ) {}

  static async start(redisPort: number): Promise<Relay> {
    const worker = new Worker(WORKER, { workerData: redisPort });
    const [port] = (await once(worker, 'message')) as [number];
    // The servers behind it fail then, which stops the benchmark; this says why.
    worker.on('error', (error) => console.error('the relay failed:', error));
    return new Relay(port, worker);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Sets how long bytes are held back, on each of the two ways. At first they are not. */
  async delay(ms: number): Promise<void> {
    this.worker.postMessage(ms);
    await once(this.worker, 'message');
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}

/** How long single `PING`s to a Redis server take, one after another, with no client library: in milliseconds. */
export async function pingTimes(port: number, count: number): Promise<number[]> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  try {
    await once(socket, 'connect');
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const startedAtMs = performance.now();
      socket.write('PING\r\n');
      await once(socket, 'data');
      times.push(performance.now() - startedAtMs);
    }
    return times;
  } finally {
    socket.destroy();
  }
}
