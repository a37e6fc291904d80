import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import type { Browser } from '../support/browser.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { answers, AnswersGateway, resetAnswers } from '../support/gateway-answers.js';
import type { GatewayClient } from '../support/gateway-client.js';
import { CELLS, GatewaySuite } from '../support/gateway-suite.js';
import { until } from '../support/until.js';

const DAY_MS = 24 * 3600_000;
const ENDED = { exception: { message: 'The session has ended. Connect again.' } };

beforeEach(resetAnswers);

/** Waits until another message is answered, which shows that nothing else has left before. */
async function othersAnswered(client: GatewayClient): Promise<void> {
  const { length } = client.replies;
  void client.ask('plain');
  await until('the answer of another', () => client.replies.length > length);
  expect(client.replies[length]).toEqual({ value: {} });
}

describe.each(CELLS)('what leaves over %s, on %s', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);
  const visitor = () => suite.visitor({}, [AnswersGateway]);
  const stored = async (browser: Browser) => (await browser.get('/visits')).json();

  it('before a handler returns is not held back', async () => {
    const { client } = await visitor();
    const gate = new Gate();
    suite.backend.beforeWrite = () => gate.pass();
    void client.ask('tell');
    await until('what was told', () => client.replies.length === 1);
    await gate.reached;
    expect(client.replies).toEqual([{ value: { event: 'told', data: { visits: 2 } } }]);
    await othersAnswered(client);
    gate.open();
    await until('the answer', () => client.replies.length === 3);
    expect(client.replies[2]).toEqual({ value: { visits: 2 } });
  });

  it('after save() is told of what is stored', async () => {
    const { browser, client } = await visitor();
    const gate = new Gate();
    suite.backend.beforeWrite = () => gate.pass();
    void client.ask('save and tell');
    await gate.reached;
    await othersAnswered(client);
    gate.open();
    await until('what was told', () => client.replies.length === 2);
    expect(await stored(browser)).toEqual({ visits: 2 });
  });

  it('at once is in order, and after all of it is stored', async () => {
    const { browser, client } = await visitor();
    const gate = new Gate();
    suite.backend.beforeWrite = () => gate.pass();
    void client.ask('burst', {});
    await gate.reached;
    await othersAnswered(client);
    gate.open();
    await until('the answers', () => client.replies.length === 4);
    const told = [11, 12, 13].map((visits) => ({ value: { event: 'told', data: { visits } } }));
    expect(client.replies.slice(1)).toEqual(told);
    expect(await stored(browser)).toEqual({ visits: 13 });
  });

  it('at once and can not be stored is one exception', async () => {
    const { client } = await visitor();
    const { exception } = await client.ask('burst', { isBad: true });
    expect(exception).toMatchObject({ message: 'Internal server error' });
    await othersAnswered(client);
    const told = suite.app.logs.lines.filter((line) => line.includes("can't be saved"));
    expect(told).toHaveLength(1);
  });

  it('when a guard throws is the exception, and what it changed is stored', async () => {
    const { browser, client } = await visitor();
    const asked = client.ask('guarded', { guard: 'throw' });
    expect(await asked).toMatchObject({ exception: { message: 'of the guard' } });
    await until('the change', () => suite.backend.writes.length === 1);
    expect(await stored(browser)).toEqual({ visits: 1, field1: 1 });
  });

  it('when a pipe throws is the exception, after what a guard changed is stored', async () => {
    const { client } = await visitor();
    let isStored = false;
    suite.backend.afterWrite = async () => void (isStored = true);
    const asked = client.ask('piped', {});
    expect(await asked).toMatchObject({ exception: { message: 'of the pipe' } });
    expect([isStored, answers.hasRun]).toEqual([true, false]);
    expect([suite.backend.reads, suite.backend.writes]).toEqual([1, ['update']]);
  });

  it('from a filter may tell of the session, and what the filter changes is stored', async () => {
    const { browser, client } = await visitor();
    const asked = client.ask('filtered');
    expect(await asked).toMatchObject({ exception: { message: 'of the handler, 2' } });
    await until('both changes', () => suite.backend.writes.length === 2);
    expect(suite.backend.reads).toBe(1);
    expect(await stored(browser)).toEqual({ visits: 2, field1: 1 });
  });

  it('where the client left in a guard is nothing, and what the guard changed is stored', async () => {
    const { browser, client } = await visitor();
    void client.ask('guarded', { guard: 'wait' });
    await answers.gate.reached;
    client.close();
    await until('the end of the connection', () => suite.connections() === 0);
    answers.gate.open();
    await until('the change', () => suite.backend.writes.length === 1);
    expect(answers.hasRun).toBe(false);
    expect(await stored(browser)).toEqual({ visits: 1, field1: 1 });
  });
});

const ENDS: [string, (browser: Browser, suite: GatewaySuite) => Promise<unknown>][] = [
  ['destroy()', (browser) => browser.post('/sign-out')],
  ['regenerate()', (browser) => browser.post('/sign-in')],
  ['revoke(id)', (browser, suite) => suite.sessions.revoke(idIn(browser))],
  ['its idle timeout', (browser, suite) => age(suite.backend, idIn(browser), 15 * DAY_MS)],
];

describe.each(CELLS)('a socket that stays open over %s, on %s', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);
  beforeEach(() => {
    suite.backend = new GatedBackend(new MemoryBackend(), false);
  });

  it.each(ENDS)('when its session has ended by %s sees that nobody is there', async (_how, end) => {
    const { browser, client } = await suite.visitor({}, [AnswersGateway]);
    expect(await client.ask('read')).toEqual({ value: { visits: 1, isNew: false } });
    await end(browser, suite);
    suite.forget();
    expect(await client.ask('read')).toEqual({ value: { isNew: true } });
    expect(await client.ask('write')).toMatchObject(ENDED);
    expect(await client.ask('reload')).toMatchObject(ENDED);
    expect(suite.backend.writes).toEqual([]);
    expect(await client.ask('plain')).toEqual({ value: {} });
  });
});

describe.each(CELLS.filter(([platform]) => platform !== 'ws'))(
  'an acknowledgement by callback over %s, on %s',
  (platform, adapter) => {
    const suite = new GatewaySuite(platform, adapter);

    it('leaves after what was changed is stored, also long after the handler', async () => {
      const { browser, client } = await suite.visitor({}, [AnswersGateway]);
      void client.ask('ack late');
      await answers.gate.reached;
      const gate = new Gate();
      suite.backend.beforeWrite = () => gate.pass();
      answers.gate.open();
      await gate.reached;
      await othersAnswered(client);
      gate.open();
      await until('the acknowledgement', () => client.replies.length === 2);
      expect(client.replies[1]).toEqual({ value: { visits: 2 } });
      expect((await browser.get('/visits')).json()).toEqual({ visits: 2 });
    });

    it('does not leave where that fails long after the handler, which is warned of', async () => {
      const { client } = await suite.visitor({}, [AnswersGateway]);
      void client.ask('ack late');
      await answers.gate.reached;
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      answers.gate.open();
      await until('the warning', () =>
        suite.app.logs.lines.some((line) => line.includes('could not be saved over a socket')),
      );
      await othersAnswered(client);
    });

    it('takes the place of what the handler returns, whose changes are stored too', async () => {
      const { browser, client } = await suite.visitor({}, [AnswersGateway]);
      expect(await client.ask('ack and return')).toEqual({ value: { visits: 2 } });
      await until('both changes', async () => {
        return (await browser.get('/visits')).json()['visits'] === 3;
      });
      await othersAnswered(client);
    });
  },
);
