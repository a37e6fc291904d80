import 'reflect-metadata';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  type ExceptionFilter,
  Get,
  Inject,
  Injectable,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  Post,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import * as esm from 'nestjs-server-session';

declare module 'nestjs-server-session' {
  interface SessionData {
    visits: number;
    guarded: number;
  }
}

type Copy = typeof esm;
const require = createRequire(import.meta.url);
const CJS = join(process.cwd(), 'dist/cjs');

/** A copy of its own, of what older resolvers give for `require`; node itself gives one copy for both. */
function newCopy(): Copy {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(CJS)) delete require.cache[file];
  }
  return require(join(CJS, 'index.js')) as Copy;
}

const cjs = newCopy();
if (cjs.SessionModule === esm.SessionModule) throw new Error('this is one copy');

const logger = false;
const secret = 'a secret for tests of 32 characters or more';

function sessionModule(own: Copy, other: Copy, name: string): DynamicModule {
  const backend = new other.MemoryBackend();
  return own.SessionModule.forRoot({ secret, backend, cookie: { name } });
}

/** An application that imports the module of one copy and takes all else from another. */
function appModule(own: Copy, other: Copy, sessions: DynamicModule) {
  @Injectable()
  class CountingGuard implements CanActivate {
    constructor(@Inject(other.SessionService) private readonly sessions: esm.SessionService) {}

    async canActivate(context: ExecutionContext): Promise<boolean> {
      (await this.sessions.of(context)).increment('guarded');
      return true;
    }
  }

  @Catch(own.SessionGoneError)
  class NamingFilter implements ExceptionFilter {
    catch(error: Error, host: ArgumentsHost) {
      const response: unknown = host.switchToHttp().getResponse();
      (response as { send(body: object): void }).send({ caught: error.message });
    }
  }

  @Controller()
  @UseGuards(CountingGuard)
  @UseFilters(NamingFilter)
  class VisitsController {
    constructor(
      @Inject(other.SessionService) private readonly sessions: esm.SessionService,
      @Inject(own.SessionService) private readonly same: esm.SessionService,
    ) {}

    @Get('visits')
    visits(@other.Session() session: esm.Session, @own.Session() same: esm.Session) {
      session.visits = (session.visits ?? 0) + 1;
      const isSame = session === same && this.sessions === this.same;
      return { visits: session.visits, guarded: session.guarded, isSame };
    }

    /** What `session.save()` throws is of the module's copy. */
    @Post('value')
    async value(@other.Session() session: esm.Session) {
      session.set('visits', 1n as never);
      const error: unknown = await session.save().catch((thrown: unknown) => thrown);
      session.delete('visits');
      return { isValueError: error instanceof other.SessionValueError };
    }

    @Post('gone')
    gone() {
      throw new other.SessionGoneError('a');
    }

    @Post('errors')
    errors() {
      return [
        new other.SessionBackendError('a') instanceof own.SessionBackendError,
        new other.SessionGoneError('a') instanceof own.SessionGoneError,
        new other.SessionOptionsError(['a']) instanceof own.SessionOptionsError,
        new other.SessionTokenError('path') instanceof own.SessionTokenError,
        new other.SessionValueError('a', 'b') instanceof own.SessionValueError,
        new other.SessionValueError('a', 'b') instanceof own.SessionGoneError,
      ];
    }
  }

  @Module({ imports: [sessions], controllers: [VisitsController] })
  class AppModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(other.SessionMiddleware).forRoutes('{*path}');
    }
  }
  return AppModule;
}

async function start(module: object, isFastify: boolean, inner?: INestApplication) {
  const adapter = isFastify ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(module as never, adapter as never, { logger });
  if (inner) app.use('/v2', inner.getHttpAdapter().getInstance());
  await app.listen(0, '127.0.0.1');
  return app;
}

/** What stops an application with both modules from starting. */
async function refusal(): Promise<string> {
  @Module({
    imports: [esm.SessionModule.forRoot({ secret }), cjs.SessionModule.forRoot({ secret })],
  })
  class BothModule {}
  const starting = NestFactory.create(BothModule, { logger, abortOnError: false });
  return starting.then(
    () => 'it started',
    (error: Error) => `${error instanceof cjs.SessionOptionsError}: ${error.message}`,
  );
}

const urls: Record<string, string> = {};
for (const [name, own, other] of [
  ['esm', esm, cjs],
  ['cjs', cjs, esm],
] as const) {
  for (const adapter of ['express', 'fastify']) {
    const module = appModule(own, other, sessionModule(own, other, 'sid'));
    const app = await start(module, adapter === 'fastify');
    urls[`${name} on ${adapter}`] = await app.getUrl();
  }
  const inner = await start(appModule(own, own, sessionModule(own, own, 'inner')), false);
  const outer = await start(
    appModule(other, other, sessionModule(other, other, 'outer')),
    false,
    inner,
  );
  urls[`${name} mounted in the other`] = await outer.getUrl();
}
const sessions = sessionModule(esm, cjs, 'sid');
const late = newCopy();
urls['esm, the other loaded later'] = await (
  await start(appModule(esm, late, sessions), false)
).getUrl();
console.log(JSON.stringify({ urls, refusal: await refusal() }));
