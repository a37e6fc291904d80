import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadLine } from '../support/bad-line.js';
import type { Browser } from '../support/browser.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { CELLS, TroubledApp } from '../support/troubled-app.js';

const VISITORS = 4;
/** After how many bytes a reply with records is cut: all over its first lengths, and in its text. */
const READING = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 25, 50, 75, 100, 130];
/** As much as the script answers for one session, and more. */
const WRITING = Array.from({ length: 12 }, (_, index) => index + 1);

describe.each(CELLS)(
  'a reply that is cut, on $adapter with $client',
  RETRIED,
  ({ adapter, client }) => {
    let server: RedisServer;
    let line: BadLine;
    let app: TroubledApp;
    let visitors: Browser[];
    beforeEach(async () => {
      server = await RedisServer.start();
      line = await BadLine.to(server.port);
      app = await TroubledApp.start({ adapter, server, client, port: line.port });
      visitors = Array.from({ length: VISITORS }, () => app.app.browser());
      await Promise.all(visitors.map((visitor, index) => visitor.post(`/set/${index}`)));
    });
    afterEach(async () => {
      await app.stop();
      await line.stop();
      await server.stop();
    });

    it('in the middle of reading: each gets their own data or 503', async () => {
      const read = (visitor: Browser) => visitor.get('/session');
      for (const bytes of READING) {
        line.cutAfter(bytes, 'sess:');
        const answers = await Promise.all(visitors.map(read));
        line.mend();
        for (const [index, answer] of answers.entries()) {
          expect([200, 503]).toContain(answer.status);
          if (answer.status === 200) expect(answer.json()).toEqual({ [`field${index}`]: index });
        }
      }
      expect(line.cuts).toBe(READING.length);
      const last = await Promise.all(visitors.map(read));
      expect(last.map((answer) => answer.json())).toEqual(
        visitors.map((_, index) => ({ [`field${index}`]: index })),
      );
    });

    it('in the middle of writing: what was answered with 200 counts once', async () => {
      const saved = visitors.map(() => 0);
      for (const bytes of WRITING) {
        line.cutAfter(bytes, 'evalsha');
        const answers = await Promise.all(visitors.map((visitor) => visitor.post('/increment')));
        line.mend();
        for (const [index, { status }] of answers.entries()) {
          expect([200, 503]).toContain(status);
          if (status === 200) saved[index]!++;
        }
      }
      expect(line.cuts).toBeGreaterThanOrEqual(8);
      for (const [index, visitor] of visitors.entries()) {
        const { visits } = (await visitor.get('/session')).json<{ visits: number }>();
        expect(visits).toBeGreaterThanOrEqual(saved[index]!);
        expect(visits).toBeLessThanOrEqual(WRITING.length);
      }
    });
  },
);
