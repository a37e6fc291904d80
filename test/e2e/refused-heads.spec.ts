import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Param,
  Res,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { GatedBackend } from '../support/gated-backend.js';
import { NEST_MAJOR } from '../support/nest-major.js';

interface Reply extends ServerResponse {
  raw?: ServerResponse;
  status(code: number): { send(body: unknown): void };
}

/** Answers some time after the error. */
@Catch()
class SlowFilter implements ExceptionFilter {
  async catch(error: { code?: string }, host: ArgumentsHost) {
    await sleep(10);
    host.switchToHttp().getResponse<Reply>().status(422).send({ code: error.code });
  }
}

const HEADS: Record<string, unknown[]> = {
  'a bad value': [302, { Location: '/caf\u00e9\u4e2d' }],
  'a bad name': [200, { 'X Bad': '1' }],
  'an odd list': [200, ['X-Odd']],
  'a bad status': [42],
};

@Controller()
class RefusedController {
  @Get('changed/:name')
  changed(@Session() session: Session, @Param('name') name: string, @Res() reply: Reply) {
    session.visits = 1;
    this.plain(name, reply);
  }
  @Get('plain/:name')
  plain(@Param('name') name: string, @Res() reply: Reply) {
    const raw = reply.raw ?? reply;
    raw.writeHead(...(HEADS[name] as [number])).end('never');
  }
  /** An error after the first bytes: Nest ends the response. */
  @Get('late')
  late(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 1;
    const raw = reply.raw ?? reply;
    raw.setHeader('Content-Type', 'text/plain');
    raw.write('first ');
    throw new Error('late');
  }
}

let backend: GatedBackend;
let app: TestApp;
beforeEach(() => {
  backend = new GatedBackend(new MemoryBackend());
});
afterEach(() => app.stop());

describe.each(ADAPTERS)('a head that node refuses, on %s', (adapter) => {
  it.each(Object.keys(HEADS))('%s: the filter answers, as without a session', async (name) => {
    for (const saveMs of [0, 30]) {
      backend.beforeWrite = () => sleep(saveMs);
      app = await TestApp.start({
        adapter,
        session: { backend, load: 'lazy' },
        controllers: [RefusedController],
        prepare: (nest) => nest.useGlobalFilters(new SlowFilter()),
      });
      const plain = await app.browser().get(`/plain/${name}`);
      const changed = await app.browser().get(`/changed/${name}`);
      expect([plain.status, plain.text]).toEqual([422, expect.stringMatching(/"ERR_/)]);
      expect([changed.status, changed.text]).toEqual([plain.status, plain.text]);
      expect(changed.setCookies).toHaveLength(1);
      if (saveMs === 0) await app.stop();
    }
  });

  it('the filter’s answer is a 503 where saving fails before it', async () => {
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    app = await TestApp.start({
      adapter,
      session: { backend, load: 'lazy' },
      controllers: [RefusedController],
      prepare: (nest) => nest.useGlobalFilters(new SlowFilter()),
    });
    const changed = await app.browser().get('/changed/a bad value');
    expect([changed.status, changed.setCookies]).toEqual([503, []]);
  });
});

// On Nest 11 such an answer never ends, with sessions or without.
it.runIf(NEST_MAJOR > 11)(
  'an error after the first bytes doesn’t change a held answer of HTTP/2',
  async () => {
    backend.beforeWrite = () => sleep(30);
    app = await TestApp.start({
      adapter: new FastifyAdapter({ http2: true } as object),
      session: { backend, load: 'lazy' },
      controllers: [RefusedController],
    });
    const client = connect(app.url);
    try {
      await once(client, 'connect');
      const stream = client.request({ ':path': '/late' });
      const head = once(stream, 'response');
      expect(await text(stream)).toBe('first ');
      const [headers] = (await head) as [IncomingHttpHeaders];
      expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/plain' });
    } finally {
      client.destroy();
    }
  },
);
