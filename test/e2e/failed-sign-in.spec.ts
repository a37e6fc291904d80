import { describe, expect, it } from 'vitest';
import { MemoryBackend, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { GatedBackend } from '../support/gated-backend.js';
import { PrincipalController } from '../support/principal-controller.js';

const COMMANDS = ['create', 'enter', 'update', 'end', 'leave'] as const;
const FAILURES = COMMANDS.flatMap((command) =>
  (['before', 'after'] as const).map((when) => [when, command] as const),
);

describe.each(ADAPTERS)('a sign-in as somebody else whose backend fails, on %s', (adapter) => {
  it.each(FAILURES)(
    '%s “%s”, signs nobody in unnoticed, and works when tried again',
    async (...failure) => {
      const [when, command] = failure;
      const backend = new GatedBackend(new MemoryBackend());
      const session = { backend, principals: { maxSessions: 2 } };
      const app = await TestApp.start({ adapter, controllers: [PrincipalController], session });
      const sessions = app.app.get(SessionService);
      const browser = app.browser();
      const me = async () => (await browser.get('/me')).json();
      await browser.post('/sign-in/bob');
      await browser.post('/set/cart');

      let isDown = true;
      const fail = async (at: string) => {
        const isIt = backend.writes.at(-1) === command && at === when;
        if (isDown && isIt) throw new Error('down');
      };
      backend.beforeWrite = () => fail('before');
      backend.afterWrite = () => fail('after');
      const { status, setCookies } = await browser.post('/sign-in/ada');
      isDown = false;
      if (status === 503) {
        expect(setCookies).toEqual([]);
        expect((await me())['principal']).not.toBe('ada');
      } else {
        expect([status, command]).toEqual([200, 'leave']);
      }

      expect((await browser.post('/sign-in/ada')).status).toBe(200);
      expect(await me()).toMatchObject({ principal: 'ada', data: {} });
      expect(await sessions.list('bob')).toEqual([]);
      await sessions.revokeAll('ada');
      expect(await sessions.list('ada')).toEqual([]);
      expect((await me())['principal']).toBeUndefined();
      await app.stop();
    },
  );
});
