import { Module } from '@nestjs/common';
import {
  MemoryBackend,
  RedisBackend,
  SESSION_BACKEND,
  type SessionBackend,
  SessionModule,
} from 'nestjs-server-session';
import { sampleConfig, type SampleConfig } from '../config.js';
import { JsonFolderBackend } from './json-folder.backend.js';
import { RedisConnection } from './redis-connection.js';
import './session-data.js';

@Module({
  imports: [
    SessionModule.forRootAsync({
      inject: [sampleConfig.KEY],
      useFactory: (config: SampleConfig) => ({
        secret: config.sessionSecret,
        idleTimeout: '30m',
        absoluteTimeout: '12h',
      }),
      extraProviders: [
        RedisConnection,
        {
          provide: SESSION_BACKEND,
          inject: [sampleConfig.KEY, RedisConnection],
          useFactory: chooseBackend,
        },
      ],
    }),
  ],
})
export class SessionsModule {}

function chooseBackend({ backend }: SampleConfig, redis: RedisConnection): SessionBackend {
  switch (backend.kind) {
    case 'memory':
      return new MemoryBackend();
    case 'redis':
      return new RedisBackend({ client: redis.open(backend.url) });
    case 'json folder':
      return new JsonFolderBackend(backend.folder);
  }
}
