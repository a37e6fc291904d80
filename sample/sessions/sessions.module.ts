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
        {
          provide: SESSION_BACKEND,
          inject: [sampleConfig.KEY],
          useFactory: chooseBackend,
        },
      ],
    }),
  ],
})
export class SessionsModule {}

function chooseBackend({ backend }: SampleConfig): SessionBackend {
  switch (backend.kind) {
    case 'memory':
      return new MemoryBackend();
    case 'redis':
      return RedisBackend.fromUrl(backend.url);
    case 'json folder':
      return new JsonFolderBackend(backend.folder);
  }
}
