import 'reflect-metadata';
import { type DynamicModule, type INestApplication, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Session } from 'nestjs-server-session';
import { backendOf, LibraryModule } from '../apps/library.js';
import { PlainModule } from '../apps/plain.js';
import { type Answer, FIXED_ANSWER, readSession, writeSession } from '../contents.js';
import type { GatewayKind, GatewayPlatform } from './variants.js';

/** The same gateway, in an application without sessions. */
@WebSocketGateway()
export class PlainGateway {
  @SubscribeMessage('unused')
  unused(): Answer {
    return FIXED_ANSWER;
  }
  @SubscribeMessage('read')
  read(): Answer {
    return FIXED_ANSWER;
  }
  @SubscribeMessage('write')
  write(): Answer {
    return FIXED_ANSWER;
  }
}

@WebSocketGateway()
export class LibraryGateway {
  @SubscribeMessage('unused')
  unused(): Answer {
    return FIXED_ANSWER;
  }
  @SubscribeMessage('read')
  read(@Session() session: Session): Answer {
    return readSession(session);
  }
  @SubscribeMessage('write')
  write(@Session() session: Session): Answer {
    return writeSession(session);
  }
}

/** A gateway beside the routes that begin sessions. */
@Module({})
class GatewayModule {
  static with(imported: Type | DynamicModule, gateway: Type): DynamicModule {
    return { module: GatewayModule, imports: [imported], providers: [gateway] };
  }
}

/** One application, not listening yet. */
export async function createGatewayApp(
  platform: GatewayPlatform,
  kind: GatewayKind,
  redisUrl: string,
): Promise<INestApplication> {
  const module =
    kind === 'none'
      ? GatewayModule.with(PlainModule, PlainGateway)
      : GatewayModule.with(
          LibraryModule.over(backendOf(redisUrl), { load: 'eager', current: false }),
          LibraryGateway,
        );
  const app = await NestFactory.create(module, new FastifyAdapter(), { logger: ['error', 'warn'] });
  return app.useWebSocketAdapter(platform === 'ws' ? new WsAdapter(app) : new IoAdapter(app));
}
