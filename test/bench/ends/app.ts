import 'reflect-metadata';
import { type DynamicModule, Module } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import type { Redis } from 'ioredis';
import { RedisBackend, SessionModule } from 'nestjs-server-session';
import { SECRET } from '../apps/secret.js';

/** Takes sockets, and no messages. */
@WebSocketGateway()
class SilentGateway {}

/** What both processes have: the one that ends sessions, and the one in which somebody watches them. */
@Module({})
export class EndsModule {
  static forRedis(client: Redis, hasSockets: boolean): DynamicModule {
    const backend = new RedisBackend({ client });
    return {
      module: EndsModule,
      imports: [
        SessionModule.forRoot({ secret: SECRET, backend, transports: ['cookie', 'bearer'] }),
      ],
      providers: hasSockets ? [SilentGateway] : [],
    };
  }
}
