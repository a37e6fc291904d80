import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { ConsoleLogger, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sign } from 'cookie-signature';
import {
  MemoryBackend,
  Session,
  SessionBackendError,
  SessionService,
  type SessionModuleOptions,
} from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { type Browser, forged, type TransportName } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';
import { NEST_MAJOR } from '../support/nest-major.js';
import { type Reachable, reachable } from '../support/reachable.js';

const SECRETS = [
  'the first secret, that signs all the tokens',
  'the second secret, that verifies them',
];

/** The secrets in each form that would sign: as they are, encoded, and as HMAC's two keys. */
const KEYS = SECRETS.flatMap((secret) => {
  const bytes = Buffer.from(secret);
  const encoded = (['base64', 'hex', 'base64url'] as const).map((form) => bytes.toString(form));
  const pads = [0x36, 0x5c].map((pad) => bytes.map((byte) => byte ^ pad));
  return [secret, ...encoded, ...pads.map((pad) => Buffer.from(pad).toString('latin1'))];
});

interface Exchange {
  readonly request: IncomingMessage & { raw?: IncomingMessage };
  readonly response: ServerResponse & { raw?: ServerResponse };
  readonly session: Session;
}

/** What handlers saw, to be looked at while they run and after they have answered. */
const seen: Exchange[] = [];
let shownByHandler: Reachable[] = [];

@Controller()
class LeaksController {
  @Get('read')
  read(
    @Req() request: never,
    @Res({ passthrough: true }) response: never,
    @Session() session: Session,
  ) {
    return this.#show({ request, response, session }, { visits: session.visits });
  }
  @Post('write')
  @HttpCode(200)
  write(
    @Req() request: never,
    @Res({ passthrough: true }) response: never,
    @Session() session: Session,
  ) {
    session.increment('visits');
    return this.#show({ request, response, session }, {});
  }
  @Post('sign-in')
  @HttpCode(200)
  async signIn(
    @Req() request: never,
    @Res({ passthrough: true }) response: never,
    @Session() session: Session,
  ) {
    session.userId = 'ada';
    await session.regenerate();
    return this.#show({ request, response, session }, {});
  }

  #show(exchange: Exchange, answer: object) {
    seen.push(exchange);
    shownByHandler = everythingOf(exchange);
    return answer;
  }
}

/** All that anybody might see of a request. */
function everythingOf({ request, response, session }: Exchange): Reachable[] {
  const all = [request, request.raw, response, response.raw, session];
  return [...reachable(all), { path: 'JSON', text: all.map(json).join('\n') }];
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

describe.each(ADAPTERS)('what is logged, on %s', (adapter) => {
  describe.each<[string, Partial<SessionModuleOptions>, TransportName?]>([
    ['the defaults', {}],
    ['an interval for renewals', { renewInterval: '31s', touchInterval: 0 }],
    ['current', { current: true }],
    ['cookies by request', { cookie: () => ({ sameSite: 'auto' }) }],
    ['bearer', {}, 'bearer'],
    ['bearer and renewals', { renewInterval: '31s', touchInterval: 0 }, 'bearer'],
  ])('with %s', (_, session, transport = 'cookie') => {
    const backend = new GatedBackend(new MemoryBackend());
    let app: TestApp;
    beforeAll(async () => {
      const options = { backend, secret: SECRETS, ...session };
      const controllers = [LeaksController];
      app = await TestApp.start({ adapter, transport, session: options, controllers });
    });
    afterAll(() => app.stop());

    /** Asks for a path, and gives all that can be seen of it and the tokens that went either way. */
    async function ask(path: 'read' | 'write' | 'sign-in', browser = app.browser()) {
      const sent = tokensOf(browser);
      seen.length = 0;
      await (path === 'read' ? browser.get('/read') : browser.post(`/${path}`));
      const after = seen.flatMap(everythingOf);
      return {
        browser,
        found: [...shownByHandler, ...after],
        sent,
        set: tokensOf(browser),
      };
    }

    it('a request, its response or its session shows neither secrets nor tokens', async () => {
      const { browser, ...first } = await ask('write');
      const others = [
        await ask('read', browser),
        await ask('sign-in', browser),
        await ask('write', browser),
      ];
      for (const { found, sent, set } of [first, ...others]) {
        expect(set).toHaveLength(1);
        const header = transport === 'cookie' ? '.cookie' : '.authorization';
        expect(found.some(({ path }) => path.endsWith(header))).toBe(sent.length > 0);
        expectNoLeak(found, [...sent, ...set]);
      }
    });

    it('what is forged is not answered with what would be right', async () => {
      const { browser } = await ask('write');
      const token = browser.token!;
      const stranger = app.browser();
      stranger.token = forged(token);
      const { found } = await ask('read', stranger);
      expectNoLeak(found, [token], [forged(token)]);
    });

    it('neither does the service, nor what Nest’s own logger makes of a request', async () => {
      const { browser, set } = await ask('write');
      await ask('read', browser);
      let text = '';
      const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
        text += String(line);
        return true;
      });
      // That of Nest 11 can't write a request as JSON.
      for (const isJson of NEST_MAJOR > 11 ? [true, false] : [false]) {
        new ConsoleLogger('Leaks', { json: isJson, depth: 4 }).log(seen[0]!.request);
      }
      write.mockRestore();
      expect(text.length).toBeGreaterThan(100);
      const service = app.app.get(SessionService);
      expectNoLeak([{ path: 'log', text }, ...reachable(service)], set);
    });

    it('neither does an error, nor what was logged of it', async () => {
      const { browser, set } = await ask('write');
      backend.beforeRead = () => Promise.reject(new Error('no connection'));
      try {
        const error: unknown = await app.app
          .get(SessionService)
          .get('id')
          .catch((cause) => cause);
        expect(error).toBeInstanceOf(SessionBackendError);
        expect((await browser.get('/read')).status).toBe(503);
        const told = [json(error), inspect(error, { depth: null, showHidden: true })];
        const text = [...told, ...app.logs.lines].join('\n');
        expectNoLeak([{ path: 'errors', text }, ...reachable(error)], set);
      } finally {
        backend.beforeRead = async () => {};
      }
    });
  });
});

/**
 * @param tokens those of sessions: `<token>.<signature>`
 * @param sent other values that a client sent
 */
function expectNoLeak(found: Reachable[], tokens: string[], sent: string[] = []): void {
  const parts = new Set(tokens.flatMap(partsOf));
  const leaks = found.flatMap(({ path, text }) => {
    // The headers themselves, as the client sent them or is sent them.
    let rest = text;
    for (const value of [...tokens, ...sent]) {
      rest = rest.replaceAll(`=${encodeURIComponent(`s:${value}`)}`, '');
      rest = rest.replaceAll(`Bearer ${value}`, '').replaceAll(`Session-Token: ${value}`, '');
      if (HEADER_VALUE.test(path) && rest === value) rest = '';
    }
    return [...KEYS, ...parts].some((part) => rest.includes(part)) ? [path] : [];
  });
  expect(leaks).toEqual([]);
}

/** Where node keeps the value of the response's header. */
const HEADER_VALUE = /kOutHeaders\)?\.session-token\.1$/;

function tokensOf({ token }: Browser): string[] {
  return token === undefined ? [] : [token];
}

/** A token, the second half of it, should it have two, and its signature. */
function partsOf(signed: string): string[] {
  const [, token, signature] = /^([^.]+)\.(.+)$/.exec(signed)!;
  expect(signature).toBe(sign(token!, SECRETS[0]!).slice(token!.length + 1));
  return [token!, token!.slice(22), signature!, encodeURIComponent(signature!)];
}
