import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Browser } from '../support/browser.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { CELLS, restarted, TroubledApp } from '../support/troubled-app.js';

const SESSIONS = 5;
const PARALLEL = 4;
const KILLS = 3;
const BETWEEN_KILLS_MS = 400;

/** What was asked of one session, and what of that was answered with 200. */
class Ledger {
  attempted = 0;
  acknowledged = 0;
  readonly fields: string[] = [];
  #nextField = 0;

  constructor(private readonly browser: Browser) {}

  async countOnce(): Promise<void> {
    this.attempted++;
    if ((await this.browser.post('/increment')).status === 200) this.acknowledged++;
  }

  async writeField(): Promise<void> {
    const field = ++this.#nextField;
    const { status } = await this.browser.post(`/set/${field}`);
    if (status === 200) this.fields.push(`field${field}`);
  }

  /** What must hold in the end: nothing acknowledged is missing, and nothing counts twice. */
  async expectKept(): Promise<void> {
    const stored = (await this.browser.get('/session')).json<Record<string, number>>();
    expect(this.fields.filter((name) => !(name in stored))).toEqual([]);
    expect(stored['visits']).toBeGreaterThanOrEqual(this.acknowledged);
    expect(stored['visits']).toBeLessThanOrEqual(this.attempted);
  }
}

describe.each(CELLS)(
  'a Redis that keeps all it was told, on $adapter with $client',
  RETRIED,
  (cell) => {
    let server: RedisServer;
    let app: TroubledApp;
    beforeEach(async () => {
      server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
      app = await TroubledApp.start({ server, ...cell });
    });
    afterEach(async () => {
      await app.stop();
      await server.stop();
    });

    it('no acknowledged write is lost, however often it is killed, and none counts twice', async () => {
      const ledgers = await Promise.all(Array.from({ length: SESSIONS }, newLedger));
      let isOver = false;
      const writing = ledgers.flatMap((ledger) =>
        Array.from({ length: PARALLEL }, async (_, index) => {
          while (!isOver) {
            await (index % 2 ? ledger.countOnce() : ledger.writeField());
            await sleep(2);
          }
        }),
      );
      try {
        for (let kills = 0; kills < KILLS; kills++) {
          await sleep(BETWEEN_KILLS_MS);
          await server.kill();
          await restarted(server);
        }
        await sleep(BETWEEN_KILLS_MS);
      } finally {
        isOver = true;
        await Promise.all(writing);
      }
      await app.expectBack();
      for (const ledger of ledgers) {
        expect(ledger.acknowledged).toBeGreaterThan(KILLS);
        await ledger.expectKept();
      }
    }, 20_000);

    async function newLedger(): Promise<Ledger> {
      const browser = app.app.browser();
      const ledger = new Ledger(browser);
      await ledger.countOnce();
      return ledger;
    }
  },
);
