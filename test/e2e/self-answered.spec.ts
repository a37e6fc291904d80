import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Post,
  Res,
} from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, Session, SessionBackendError } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';

interface Reply {
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
}

/** Where a body that was sent waits. */
let sending: Gate;
/** What the filters of the application saw. */
const seen: { url: string; error: unknown }[] = [];

@Controller()
class SendingController {
  @Post('kept-by-a-hook')
  sent(@Session() session: Session, @Res() reply: Reply) {
    session.increment('visits');
    reply.header('content-language', 'en').send({ isSaved: true });
  }
  @Post('sent-later')
  later(@Session() session: Session, @Res() reply: Reply) {
    session.increment('visits');
    void sending.pass().then(() => reply.header('etag', '"1"').send({ isSaved: true }));
  }
  @Post('passed-through')
  passed(@Session() session: Session, @Res({ passthrough: true }) reply: Reply) {
    session.increment('visits');
    reply.header('content-language', 'en');
    return { isSaved: true };
  }
}

@Catch()
class SeeingFilter extends BaseExceptionFilter implements ExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost) {
    seen.push({ url: host.switchToHttp().getRequest<{ url: string }>().url, error });
    super.catch(error, host);
  }
}

describe.each(ADAPTERS)(
  'a save that fails before a handler’s own answer leaves, on %s',
  (adapter) => {
    let backend: GatedBackend;
    let app: TestApp;
    beforeEach(async () => {
      sending = new Gate();
      seen.length = 0;
      backend = new GatedBackend(new MemoryBackend());
      backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      app = await TestApp.start({
        adapter,
        session: { backend },
        controllers: [SendingController],
        prepare: (nest) => {
          nest.useGlobalFilters(new SeeingFilter(nest.get(HttpAdapterHost).httpAdapter));
          const instance: { addHook?: Function } = nest.getHttpAdapter().getInstance();
          instance.addHook?.('onSend', async (request: { url: string }) => {
            if (request.url === '/kept-by-a-hook') await sending.pass();
          });
        },
      });
    });
    afterEach(() => app.stop());

    const paths = adapter === 'fastify' ? ['/kept-by-a-hook', '/sent-later'] : ['/sent-later'];
    it.each(paths)('POST %s is answered with 503 once, and not by a filter', async (path) => {
      const answering = app.browser().post(path);
      await sending.reached;
      // Whatever a failed save leads to has begun when the body goes on.
      await app.browser().post('/passed-through');
      sending.open();
      const answer = await answering;
      expect(answer.status).toBe(503);
      expect(answer.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('etag')).toBeNull();
      expect(answer.setCookies).toEqual([]);
      expect(seen.map(({ url }) => url)).toEqual(['/passed-through']);
      expect(backend.writes).toEqual(['create', 'create']);
    });

    it('is seen by filters where Nest answers with what a handler returned', async () => {
      const answer = await app.browser().post('/passed-through');
      expect(answer.status).toBe(503);
      expect(answer.setCookies).toEqual([]);
      expect(seen).toEqual([{ url: '/passed-through', error: expect.any(SessionBackendError) }]);
    });
  },
);
