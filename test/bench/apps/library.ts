import { Controller, type DynamicModule, Get, Module, Param, Post } from '@nestjs/common';
import { Redis } from 'ioredis';
import {
  RedisBackend,
  Session,
  SessionModule,
  type SessionModuleOptions,
} from 'nestjs-server-session';
import { cookieSessions } from 'nestjs-server-session/cookie';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import {
  type Answer,
  type Contents,
  FIXED_ANSWER,
  newContents,
  readSession,
  writeSession,
} from '../contents.js';
import { countFields, writeField } from '../hot/fields.js';
import { newSizedContents, readSized, writeSized } from '../sized-contents.js';
import { isPostgres } from './floor-stores.js';
import { SECRET } from './secret.js';
import { shapeOf, type ShapeParams } from './shape.js';

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

  @Post('sized/:fields/:kilobytes')
  beginSized(@Session() session: Session, @Param() params: ShapeParams): Answer {
    Object.assign(session, newSizedContents(shapeOf(params)));
    return FIXED_ANSWER;
  }

  @Get('sized/read')
  readSized(@Session() session: Session): Answer {
    return readSized(session);
  }

  @Get('sized/write')
  writeSized(@Session() session: Session): Answer {
    return writeSized(session);
  }

  @Get('field/:number')
  writeField(@Session() session: Session, @Param('number') number: string): Answer {
    writeField(session, number);
    return FIXED_ANSWER;
  }

  @Get('fields')
  fields(@Session() session: Session): { fields: number } {
    return { fields: countFields(session) };
  }

  @Get('unused')
  unused(): Answer {
    return FIXED_ANSWER;
  }
}

interface ModuleOptions {
  readonly load: 'eager' | 'lazy';
  readonly current: boolean;
  readonly touchInterval?: string;
}

/** This library with its defaults, apart from what the variant is about. */
@Module({})
export class LibraryModule {
  static over(backend: Backend, options: ModuleOptions): DynamicModule {
    return moduleWith(backend, options);
  }

  /** A client sends the same cookie all the time: after a minute each request would have its use written. */
  static inCookies(): DynamicModule {
    const options = { load: 'eager', current: false, touchInterval: '6h' } as const;
    return moduleWith(cookieSessions(), options);
  }
}

type Backend = NonNullable<SessionModuleOptions['backend']>;

export function backendOf(url: string): Backend {
  if (isPostgres(url)) return PostgresBackend.fromUrl(url);
  return new RedisBackend({ client: new Redis(url) });
}

function moduleWith(backend: Backend, options: ModuleOptions): DynamicModule {
  return {
    module: LibraryModule,
    imports: [SessionModule.forRoot({ secret: SECRET, backend, ...options })],
    controllers: [LibraryController],
  };
}
