import { Controller, Get } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { type BackendName, startBackend, type TestBackend } from '../support/backends.js';

@Controller()
class VisitsController {
  @Get('visits')
  visits(@Session() session: Session) {
    session.visits = (session.visits ?? 0) + 1;
    return { visits: session.visits };
  }
  @Get('read')
  read(@Session('visits') visits: number | undefined) {
    return { visits: visits ?? null };
  }
}

const BACKENDS: BackendName[] = ['memory', 'redis', 'three methods'];

describe.each(ADAPTERS)('on %s', (adapter) => {
  describe.each(BACKENDS)('with %s', (name) => {
    let backend: TestBackend;
    let app: TestApp;
    beforeAll(async () => {
      backend = await startBackend(name);
      app = await TestApp.start({
        adapter,
        session: { backend: backend.backend },
        controllers: [VisitsController],
      });
    });
    afterAll(async () => {
      await app.stop();
      await backend.stop();
    });

    it('keeps a value from one request to the next', async () => {
      const browser = app.browser();
      const first = await browser.get('/visits');
      expect(first.json()).toEqual({ visits: 1 });
      expect(first.setCookies).toHaveLength(1);
      const second = await browser.get('/visits');
      expect(second.json()).toEqual({ visits: 2 });
      expect(second.setCookies).toEqual([]);
      expect((await browser.get('/read')).json()).toEqual({ visits: 2 });
      expect((await app.browser().get('/read')).json()).toEqual({ visits: null });
    });
  });
});
