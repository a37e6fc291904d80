import { Controller, type DynamicModule, Get, Module, Post } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisBackend, Session, SessionModule } from 'nestjs-server-session';
import {
  type Answer,
  type Contents,
  FIXED_ANSWER,
  newContents,
  readSession,
  writeSession,
} from '../contents.js';
import { SECRET } from './secret.js';

declare module 'nestjs-server-session' {
  interface SessionData extends Contents {}
}

@Controller()
export class LibraryController {
  @Post('session')
  begin(@Session() session: Session): Answer {
    Object.assign(session, newContents());
    return FIXED_ANSWER;
  }

  @Get('read')
  read(@Session() session: Session): Answer {
    return readSession(session);
  }

  @Get('write')
  write(@Session() session: Session): Answer {
    return writeSession(session);
  }

  @Get('unused')
  unused(): Answer {
    return FIXED_ANSWER;
  }
}

/** This library with its defaults, apart from what the variant is about. */
@Module({})
export class LibraryModule {
  static forRedis(redis: Redis, load: 'eager' | 'lazy'): DynamicModule {
    const backend = new RedisBackend({ client: redis });
    return {
      module: LibraryModule,
      imports: [SessionModule.forRoot({ secret: SECRET, backend, load })],
      controllers: [LibraryController],
    };
  }
}
