import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { type HttpAdapterHost, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { MemoryBackend, RedisBackend } from 'nestjs-server-session';
import type { RedisProcess } from '../redis/redis-process.js';
import { LIVE_PATH } from './live-path.js';
import { LiveModule } from './live.module.js';

/** The application that the page itself asks, below the shop's, on the demonstration's Redis. */
export async function createLiveApp(redis: RedisProcess): Promise<INestApplication> {
  const backend =
    redis.state === 'missing'
      ? new MemoryBackend()
      : RedisBackend.fromUrl(redis.url, { prefix: 'live:' });
  const secret = randomBytes(32).toString('base64url');
  const app = await NestFactory.create<NestExpressApplication>(LiveModule.with(secret, backend));
  app.useWebSocketAdapter(new WsAdapter(app));
  return app.init();
}

/** Gives it the requests of its path, and the sockets. */
export function mountLiveApp(live: INestApplication, { httpAdapter }: HttpAdapterHost): void {
  httpAdapter.use(LIVE_PATH, live.getHttpAdapter().getInstance());
  const server: Server = httpAdapter.getHttpServer();
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith(`${LIVE_PATH}/`)) {
      live.getHttpServer().emit('upgrade', request, socket, head);
    } else {
      socket.destroy();
    }
  });
}
