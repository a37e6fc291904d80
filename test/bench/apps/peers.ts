import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { Controller, Get, Module, Param, Post, Session } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import expressSession, { type Store } from 'express-session';
import { Pool } from 'pg';
import { createClient } from 'redis';
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

@Controller()
export class PeerController {
  @Post('session')
  begin(@Session() session: Partial<Contents>): Answer {
    Object.assign(session, newContents());
    return FIXED_ANSWER;
  }

  @Get('read')
  read(@Session() session: Partial<Contents>): Answer {
    return readSession(session);
  }

  @Get('write')
  write(@Session() session: Partial<Contents>): Answer {
    return writeSession(session);
  }

  @Post('sized/:fields/:kilobytes')
  beginSized(@Session() session: object, @Param() params: ShapeParams): Answer {
    Object.assign(session, newSizedContents(shapeOf(params)));
    return FIXED_ANSWER;
  }

  @Get('sized/read')
  readSized(@Session() session: object): Answer {
    return readSized(session);
  }

  @Get('sized/write')
  writeSized(@Session() session: object): Answer {
    return writeSized(session);
  }

  @Get('field/:number')
  writeField(@Session() session: object, @Param('number') number: string): Answer {
    writeField(session, number);
    return FIXED_ANSWER;
  }

  @Get('fields')
  fields(@Session() session: object): { fields: number } {
    return { fields: countFields(session) };
  }
}

@Module({ controllers: [PeerController] })
export class PeerModule {}

/**
 * As the README of connect-redis sets express-session up: `resave` and `saveUninitialized` off, so that a request that
 * only reads sends `GET` and `EXPIRE`. No `maxAge`: with one, every write would also send a cookie.
 */
export async function useExpressSession(app: NestExpressApplication, url: string): Promise<void> {
  const store = await storeOf(url);
  app.use(expressSession({ store, secret: SECRET, resave: false, saveUninitialized: false }));
}

/**
 * `saveUninitialized` off as above, `secure` off because this is no HTTPS; the rest are defaults. `rolling` is on by
 * default and is the only way to extend a session by reading it: each request sends `GET`, `SET` and a cookie.
 */
export async function useFastifySession(app: NestFastifyApplication, url: string): Promise<void> {
  const store = await storeOf(url);
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    store,
    secret: SECRET,
    saveUninitialized: false,
    cookie: { secure: false },
  });
}

async function storeOf(url: string): Promise<Store> {
  if (!isPostgres(url)) return connectRedisStore(url);
  const PgStore = connectPgSimple(expressSession);
  return new PgStore({ pool: new Pool({ connectionString: url }) });
}

/** connect-redis with its defaults (`touch` on, one day), on the client that its README names. */
async function connectRedisStore(url: string): Promise<RedisStore> {
  const client = createClient({ url });
  await client.connect();
  return new RedisStore({ client });
}
