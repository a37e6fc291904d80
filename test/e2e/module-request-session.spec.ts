import { inspect } from 'node:util';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  NotFoundException,
  Req,
  Session as NestSession,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import expressSession from 'express-session';
import { Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp, type TestAppOptions } from '../support/app.js';

type Next = (error?: unknown) => void;

const USES: Record<string, (session: Record<string, unknown>) => unknown> = {
  get: (session) => session['visits'],
  set: (session) => (session['visits'] = 1),
  delete: (session) => delete session['visits'],
  in: (session) => 'visits' in session,
  keys: (session) => Object.keys(session),
  spread: (session) => ({ ...session }),
  json: (session) => JSON.stringify(session),
  await: (session) => Promise.resolve(session),
};

@Controller()
class UsesController {
  @Get('inspect')
  inspect(@Req() request: { session: object }) {
    return { text: inspect(request.session) };
  }
  @Get('nest/:use')
  async nest(@NestSession() session: Record<string, unknown>, @Req() request: NamedRequest) {
    return this.#failure(session, request);
  }
  @Get('request/:use')
  async request(@Req() request: NamedRequest) {
    return this.#failure(request.session, request);
  }
  @Get('stub')
  stub(@Req() request: { session: object }, @Session() ours: Session) {
    return { session: request.session, visits: ours.increment('visits') };
  }

  async #failure(session: Record<string, unknown>, { params }: NamedRequest) {
    try {
      await USES[params.use]!(session);
      return { message: 'nothing' };
    } catch (error) {
      return { message: (error as Error).message };
    }
  }
}

interface NamedRequest {
  params: { use: string };
  session: Record<string, unknown>;
}

let app: TestApp;
afterEach(() => app.stop());

describe.each(ADAPTERS)("request.session with load: 'lazy', on %s", (adapter) => {
  const lazy: TestAppOptions = {
    adapter,
    session: { load: 'lazy' },
    controllers: [UsesController],
  };

  it('says what to do, whatever is done with it', async () => {
    app = await TestApp.start(lazy);
    for (const use of Object.keys(USES)) {
      for (const way of ['nest', 'request']) {
        const { message } = (await app.browser().get(`/${way}/${use}`)).json<{ message: string }>();
        expect(message).toMatch(/not loaded.*load: 'lazy'.*@Session\(\).*SessionMiddleware/);
      }
    }
  });

  it('can be inspected, as loggers do', async () => {
    app = await TestApp.start(lazy);
    expect((await app.browser().get('/inspect')).json()).toEqual({
      // Node 26 says that it is a proxy.
      text: expect.stringMatching(/^(Proxy\()?\{\}\)?$/),
    });
  });

  it('is nothing where no route was found, so that a filter can look at it', async () => {
    const seen: unknown[] = [];
    @Catch(NotFoundException)
    class Filter implements ExceptionFilter {
      catch(error: NotFoundException, host: ArgumentsHost) {
        seen.push(host.switchToHttp().getRequest<{ session: unknown }>().session);
        const response = host
          .switchToHttp()
          .getResponse<{ status(code: number): { send(): void } }>();
        response.status(error.getStatus()).send();
      }
    }
    const prepare = (nest: INestApplication) => nest.useGlobalFilters(new Filter());
    app = await TestApp.start({ ...lazy, prepare });
    expect((await app.browser().get('/nowhere')).status).toBe(404);
    expect(seen).toEqual([undefined]);
  });
});

describe.each(['eager', 'lazy'] as const)('request.session of somebody else, load: %s', (load) => {
  const told = () => app.logs.lines.filter((line) => line.includes('somebody else'));

  it('is kept on Express, and told once', async () => {
    app = await TestApp.start({
      adapter: 'express',
      session: { load },
      controllers: [UsesController],
      prepare: (nest) =>
        nest.use((request: { session: object }, _response: unknown, next: Next) => {
          request.session = { user: 'stub' };
          next();
        }),
    });
    const browser = app.browser();
    for (const visits of [1, 2]) {
      const answer = await browser.get('/stub');
      expect(answer.json()).toEqual({ session: { user: 'stub' }, visits });
    }
    expect(told()).toEqual([expect.stringContaining('@Session() of nestjs-server-session')]);
  });

  it('is kept where express-session is used beside us', async () => {
    app = await TestApp.start({
      adapter: 'express',
      session: { load },
      controllers: [UsesController],
      prepare: (nest) => {
        const secret = 'another secret of another library';
        nest.use(expressSession({ secret, resave: false, saveUninitialized: false }));
        nest.use(
          (request: { session: Record<string, unknown> }, _response: unknown, next: Next) => {
            request.session['theirs'] = Number(request.session['theirs'] ?? 0) + 1;
            next();
          },
        );
      },
    });
    const browser = app.browser();
    for (const visits of [1, 2]) {
      const answer = await browser.get('/stub');
      expect(answer.json()).toMatchObject({ session: { theirs: visits }, visits });
    }
    expect(Object.keys(browser.cookies).toSorted()).toEqual(['connect.sid', 'sid']);
  });

  it('is kept on Fastify, where a hook has set it', async () => {
    app = await TestApp.start({
      adapter: 'fastify',
      session: { load },
      controllers: [UsesController],
      prepare: (nest) => {
        const instance = nest.getHttpAdapter().getInstance() as { addHook: Function };
        instance.addHook('onRequest', async (request: { session: object }) => {
          request.session = { user: 'stub' };
        });
      },
    });
    expect((await app.browser().get('/stub')).json()).toEqual({
      session: { user: 'stub' },
      visits: 1,
    });
    expect(told()).toHaveLength(1);
  });

  it('is kept on Fastify, where an adapter was decorated before', async () => {
    const adapter = new FastifyAdapter();
    adapter.getInstance().decorateRequest('session', null as never);
    adapter.getInstance().addHook('onRequest', async (request) => {
      (request as unknown as { session: object }).session = { user: 'stub' };
    });
    app = await TestApp.start({ adapter, session: { load }, controllers: [UsesController] });
    expect((await app.browser().get('/stub')).json()).toEqual({
      session: { user: 'stub' },
      visits: 1,
    });
    expect(told()).toHaveLength(1);
  });
});

it('what looks whether Fastify’s requests have sessions sees that they do', async () => {
  app = await TestApp.start({
    adapter: 'fastify',
    prepare: (nest) => {
      const instance = nest.getHttpAdapter().getInstance() as {
        hasRequestDecorator(name: string): boolean;
      };
      expect(instance.hasRequestDecorator('session')).toBe(true);
    },
  });
});
