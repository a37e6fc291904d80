import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { SessionModule } from 'nestjs-server-session';
import { PROGRAM_HEADER } from '../program.js';
import { PROVIDERS, TortureController } from './controller.js';
import { Interpreter } from './interpreter.js';
import { type AppSettings, SETTINGS_VARIABLE } from './settings.js';
import { SocketsGateway } from './sockets.js';
import { storeOf } from './store.js';

/** The application under test, in a process of its own: it uses the package as an application does. */
const settings = JSON.parse(process.env[SETTINGS_VARIABLE]!) as AppSettings;
const store = storeOf(settings.store);

class StoreOwner implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    store.close();
  }
}

@Module({
  imports: [
    SessionModule.forRoot({
      secret: 'a secret of the torturer, known to all its processes',
      backend: store.backend,
      load: settings.load,
      idleTimeout: settings.idleTimeout,
      absoluteTimeout: settings.absoluteTimeout,
      touchInterval: settings.touchInterval,
      renewInterval: settings.renewInterval,
      renewGrace: settings.renewGrace,
      backendTimeout: settings.backendTimeout,
      principals: settings.principals,
    }),
  ],
  controllers: [TortureController],
  providers: [...PROVIDERS, SocketsGateway, StoreOwner],
})
class TortureModule {}

/** Ahead of Express and Fastify alike. */
function tellOfEnds(server: Server): void {
  server.prependListener('request', ({ headers }, response) => {
    const { n } = JSON.parse(String(headers[PROGRAM_HEADER] ?? '{}')) as { n?: number };
    if (n !== undefined) response.on('close', () => app.get(Interpreter).close(n));
  });
}

process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the torturer decides when a process stops.
process.on('SIGINT', () => {});

const adapter = settings.adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
const app = await NestFactory.create<NestFastifyApplication>(TortureModule, adapter as never, {
  logger: false,
  abortOnError: false,
});
app.useWebSocketAdapter(new WsAdapter(app));
app.enableShutdownHooks(['SIGTERM']);
tellOfEnds(app.getHttpServer());
await app.listen(0, '127.0.0.1');
process.send?.({
  type: 'listening',
  port: (app.getHttpServer().address() as AddressInfo).port,
});
