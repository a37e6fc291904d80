import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { Redis } from 'ioredis';
import { SessionService } from 'nestjs-server-session';
import { EndsModule } from './app.js';
import type { WatcherMessage, WatcherQuestion } from './watcher-process.js';

/** A process in which sessions are watched, by signals and by open sockets. */
const [redisUrl] = process.argv.slice(2) as [string];
const NANOS_PER_MS = 1e6;

const tell = (message: WatcherMessage) => void process.send?.(message);
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});

const app = await NestFactory.create(
  EndsModule.forRedis(new Redis(redisUrl), true),
  new FastifyAdapter(),
  { logger: ['error', 'warn'] },
);
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(0, '127.0.0.1');

const sessions = app.get(SessionService);
const delays = monitorEventLoopDelay({ resolution: 1 });

process.on('message', (question: WatcherQuestion) => {
  if (question.kind === 'watch') {
    for (const id of question.ids) {
      const signal = sessions.signal(id);
      const ended = () => tell({ kind: 'ended', id, atMs: nowMs() });
      signal.addEventListener('abort', ended, { once: true });
    }
    tell({ kind: 'watching' });
  } else if (question.kind === 'measure') {
    delays.reset();
    delays.enable();
    tell({ kind: 'measuring' });
  } else {
    delays.disable();
    tell({ kind: 'measured', longestMs: delays.max / NANOS_PER_MS });
  }
});
tell({ kind: 'listening', port: (app.getHttpServer().address() as AddressInfo).port });

/** By the clock that all processes of a machine share. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / NANOS_PER_MS;
}
