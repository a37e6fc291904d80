import {
  Controller,
  type DynamicModule,
  Get,
  Inject,
  Injectable,
  Module,
  Session as NestSession,
} from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  MemoryBackend,
  Session,
  SESSION_BACKEND,
  SESSION_CODEC,
  SESSION_OPTIONS,
  type SessionBackend,
  type SessionCodec,
  SessionModule,
  type SessionModuleAsyncOptions,
  SessionService,
} from 'nestjs-server-session';
import { ADAPTERS, SECRET, TestApp, type TestAppOptions } from '../support/app.js';
import { ThreeMethodBackend } from '../support/backends.js';

@Controller()
class VisitsController {
  @Get('visits')
  visits(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @Get('same')
  same(@Session() ours: Session, @NestSession() nests: Session) {
    return { isSame: ours === nests };
  }
}

@Injectable()
class Settings {
  readonly cookieName = 'from-settings';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class OptionsFactory {
  createSessionOptions() {
    return { secret: SECRET, cookie: { name: 'from-class' } };
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class FactoryModule {}

let app: TestApp | undefined;
afterEach(() => app?.stop());

async function start(
  options: SessionModuleAsyncOptions,
  rest: Partial<TestAppOptions> = {},
): Promise<TestApp> {
  const imports = [SessionModule.forRootAsync(options)];
  app = await TestApp.start({
    adapter: 'express',
    session: null,
    controllers: [VisitsController],
    imports,
    ...rest,
  });
  return app;
}

/** Visits twice in one browser; gives the name of the cookie. */
async function visitTwice(started: TestApp): Promise<string> {
  const browser = started.browser();
  await browser.get('/visits');
  expect((await browser.get('/visits')).json()).toEqual({ visits: 2 });
  return Object.keys(browser.cookies).join();
}

describe('SessionModule', () => {
  it('takes options from a factory with what it injects', async () => {
    const started = await start({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: (settings: Settings) => ({
        secret: SECRET,
        cookie: { name: settings.cookieName },
      }),
    });
    expect(await visitTwice(started)).toBe('from-settings');
  });

  it('takes options from a class', async () => {
    expect(await visitTwice(await start({ useClass: OptionsFactory }))).toBe('from-class');
  });

  it('takes options from a provider that is there', async () => {
    const started = await start({ imports: [FactoryModule], useExisting: OptionsFactory });
    expect(await visitTwice(started)).toBe('from-class');
  });

  it('refuses to start with none of them', () => {
    expect(() => SessionModule.forRootAsync({})).toThrow(
      /write useFactory, useClass or useExisting/,
    );
  });

  it('refuses to start where none are given, and says what to write', async () => {
    const imports = [SessionModule];
    const bare = TestApp.start({ adapter: 'express', session: null, controllers: [], imports });
    await expect(bare).rejects.toThrow(/imported without options: write SessionModule\.forRoot\(/);
    const useFactory = (() => undefined) as never;
    const nothing = /write an object, such as \{ secret: process\.env\.SESSION_SECRET \}/;
    await expect(start({ useFactory })).rejects.toThrow(nothing);
    const forRoot = SessionModule.forRoot as (options?: object) => DynamicModule;
    const empty = Test.createTestingModule({ imports: [forRoot()] }).compile();
    await expect(empty).rejects.toThrow(/secret is missing/);
  });

  it('does not start with a text for a backend, and says what to write', async () => {
    const backend = 'redis' as unknown as SessionBackend;
    const starting = start({ useFactory: () => ({ secret: SECRET, backend }) });
    await expect(starting).rejects.toThrow(
      /is a string\. For Redis write RedisBackend\.fromUrl\(url\)/,
    );
  });

  it('does not start with a wrong option, and says which', async () => {
    const useFactory = () => ({ secret: SECRET, idleTimout: '1h' });
    const starting = start({ useFactory });
    await expect(starting).rejects.toThrow(/idleTimout is no option: did you mean idleTimeout\?/);
    app = undefined;
  });

  it('does not start with a backend that lacks methods, and says which', async () => {
    const backend = { get: async () => null } as unknown as SessionBackend;
    const starting = start({ useFactory: () => ({ secret: SECRET, backend }) });
    await expect(starting).rejects.toThrow(/has no method set, delete/);
    const half = Object.assign(new ThreeMethodBackend(), { create: async () => true });
    const startingHalf = start({ useFactory: () => ({ secret: SECRET, backend: half }) });
    await expect(startingHalf).rejects.toThrow(/some atomic methods, but not update/);
    app = undefined;
  });

  it('a provider for SESSION_BACKEND wins over the option, and may inject', async () => {
    @Injectable()
    class InjectedBackend extends ThreeMethodBackend {
      constructor(@Inject(Settings) readonly settings: Settings) {
        super();
      }
    }
    const other = new MemoryBackend();
    const started = await start({
      imports: [SettingsModule],
      useFactory: () => ({ secret: SECRET, backend: other }),
      extraProviders: [{ provide: SESSION_BACKEND, useClass: InjectedBackend }],
    });
    await visitTwice(started);
    expect(other.size).toBe(0);
    const backend: InjectedBackend = started.app.get(SESSION_BACKEND);
    expect(backend.settings).toBeInstanceOf(Settings);
  });

  it('a test overrides SESSION_BACKEND', async () => {
    const override = new MemoryBackend();
    const started = await start(
      { useFactory: () => ({ secret: SECRET, backend: new ThreeMethodBackend() }) },
      { override: (builder) => builder.overrideProvider(SESSION_BACKEND).useValue(override) },
    );
    await visitTwice(started);
    expect(override.size).toBe(1);
  });

  it('a test overrides SESSION_OPTIONS and SESSION_CODEC', async () => {
    const encoded: unknown[] = [];
    const codec: SessionCodec = {
      encode: (value) => {
        encoded.push(value);
        return JSON.stringify(value);
      },
      decode: (text) => JSON.parse(text) as unknown,
    };
    @Controller()
    class NameController {
      @Get('visits')
      name(@Session() session: Session) {
        session.userId = 'ada';
        return { visits: session.increment('visits') };
      }
    }
    const started = await start(
      { useFactory: () => ({ secret: SECRET }) },
      {
        controllers: [NameController],
        override: (builder) =>
          builder
            .overrideProvider(SESSION_OPTIONS)
            .useValue({ secret: SECRET, cookie: { name: 'overridden' } })
            .overrideProvider(SESSION_CODEC)
            .useValue(codec),
      },
    );
    expect(await visitTwice(started)).toBe('overridden');
    expect(encoded).toContain('ada');
  });

  it('a codec can be provided', async () => {
    const backend = new MemoryBackend();
    const hex: SessionCodec = {
      encode: (value) => Buffer.from(JSON.stringify(value)).toString('hex'),
      decode: (text) => JSON.parse(Buffer.from(text, 'hex').toString()) as unknown,
    };
    @Controller()
    class NameController {
      @Get('visits')
      name(@Session() session: Session) {
        const before = session.userId;
        session.userId = 'ada';
        return { id: session.id, before: before ?? null };
      }
    }
    const started = await start(
      {
        useFactory: () => ({ secret: SECRET, backend }),
        extraProviders: [{ provide: SESSION_CODEC, useValue: hex }],
      },
      { controllers: [NameController] },
    );
    const browser = started.browser();
    const { id } = (await browser.get('/visits')).json<{ id: string }>();
    expect(await backend.get(id)).toMatchObject({
      userId: expect.stringContaining(hex.encode('ada')),
    });
    expect((await browser.get('/visits')).json()).toEqual({ id, before: 'ada' });
    const stored = await started.app.get(SessionService).get(id);
    expect(stored?.data).toEqual({ userId: 'ada' });
  });

  it('is global by default, and not where it is told so', async () => {
    @Injectable()
    class NeedsSessions {
      constructor(@Inject(SessionService) readonly sessions: SessionService) {}
    }
    @Module({ providers: [NeedsSessions] })
    class OtherModule {}
    const compile = (isGlobal: boolean) =>
      Test.createTestingModule({
        imports: [SessionModule.forRoot({ secret: SECRET, isGlobal }), OtherModule],
      }).compile();
    const module = await compile(true);
    expect(module.get(NeedsSessions, { strict: false }).sessions).toBeInstanceOf(SessionService);
    expect(module.get(SESSION_OPTIONS)).toEqual({ secret: SECRET });
    await expect(compile(false)).rejects.toThrow(/can't resolve dependencies of the NeedsSessions/);
  });

  it('serves by id where there is no HTTP: a task, a worker', async () => {
    @Module({ imports: [SessionModule.forRoot({ secret: SECRET })] })
    class TaskModule {}
    const task = await NestFactory.createApplicationContext(TaskModule, { logger: false });
    const sessions = task.get(SessionService);
    expect(await sessions.health()).toMatchObject({ status: 'up' });
    expect(await sessions.get('unknown')).toBeNull();
    await task.close();
  });

  it.each(ADAPTERS)('Nest’s own @Session() gives the same object, on %s', async (adapter) => {
    app = await TestApp.start({ adapter, controllers: [VisitsController] });
    expect((await app.browser().get('/same')).json()).toEqual({ isSame: true });
  });
});
