import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { DelayLine } from './delay-line.js';

/** Hands bytes on to a Redis server and back, each way after the same delay. */
const redisPort = workerData as number;
const line = new DelayLine();

function handOn(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', (bytes) => line.later(() => to.write(bytes)));
  from.on('close', () => line.later(() => to.destroy()));
  // A close follows every error.
  from.on('error', () => {});
}

const server = createServer((client) => {
  const redis = connect(redisPort, '127.0.0.1');
  handOn(client, redis);
  handOn(redis, client);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
parentPort!.on('message', (delayMs: number) => {
  line.delayMs = delayMs;
  parentPort!.postMessage('done');
});
parentPort!.postMessage((server.address() as AddressInfo).port);
