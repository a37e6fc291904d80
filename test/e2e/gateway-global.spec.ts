import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SessionInterceptor } from 'nestjs-server-session';
import { Gate } from '../support/gated-backend.js';
import { AnswersGateway, COUNTING, resetAnswers } from '../support/gateway-answers.js';
import { CELLS, GatewaySuite } from '../support/gateway-suite.js';
import { NEST_MAJOR } from '../support/nest-major.js';
import { until } from '../support/until.js';

const UNAVAILABLE = { exception: { status: 'error', message: 'Service Unavailable' } };

beforeEach(resetAnswers);

describe.each(CELLS)('around the handlers of gateways over %s, on %s,', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);

  if (NEST_MAJOR === 11) {
    it('Nest 11 asks nothing that is global', async () => {
      const { client } = await suite.visitor({}, [AnswersGateway, ...Object.values(COUNTING)]);
      expect(await client.ask('plain')).toEqual({ value: {} });
      expect([suite.backend.reads, suite.backend.writes]).toEqual([0, []]);
    });
    return;
  }

  describe.each(Object.entries(COUNTING))('what a global %s changes', (_what, provider) => {
    it.each(['plain', 'write'])('is stored before the answer of a handler (%s)', async (event) => {
      const { browser, client } = await suite.visitor({}, [AnswersGateway, provider]);
      const gate = new Gate();
      suite.backend.beforeWrite = () => gate.pass();
      const asked = client.ask(event);
      await gate.reached;
      const stranger = await suite.connect();
      expect(await stranger.ask('read')).toMatchObject({ exception: { status: 'error' } });
      expect(client.replies).toEqual([]);
      gate.open();
      expect(await asked).toEqual({ value: event === 'plain' ? {} : { visits: 2 } });
      expect((await browser.get('/visits')).json()).toMatchObject({ field1: 1 });
    });

    it.each(['plain', 'write'])(
      'is told where that fails, instead of a success (%s)',
      async (event) => {
        const { client } = await suite.visitor({}, [AnswersGateway, provider]);
        suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
        expect(await client.ask(event)).toMatchObject(UNAVAILABLE);
        suite.backend.beforeWrite = async () => {};
        expect(client.replies).toHaveLength(1);
      },
    );
  });

  it('the interceptor of routes is not asked, and around those it is', async () => {
    const intercept = vi.spyOn(SessionInterceptor.prototype, 'intercept');
    const { browser, client } = await suite.visitor({}, [AnswersGateway]);
    intercept.mockClear();
    expect(await client.ask('write')).toEqual({ value: { visits: 2 } });
    expect(intercept).not.toHaveBeenCalled();
    await browser.get('/visits');
    expect(intercept).toHaveBeenCalledTimes(1);
    intercept.mockRestore();
  });

  // Ws has none.
  if (platform !== 'ws') {
    it('what a global guard changes and can not be stored is told instead of an acknowledgement by callback', async () => {
      const { client } = await suite.visitor({}, [AnswersGateway, COUNTING['guard']!]);
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      expect(await client.ask('ack plain')).toMatchObject(UNAVAILABLE);
    });
  }

  it.each([
    ['of a guard', { guard: 'throw' }],
    ['of a handler', {}],
  ])('where a filter throws the error %s, what was changed is stored', async (_whose, body) => {
    const { browser, client } = await suite.visitor({}, [AnswersGateway]);
    void client.ask('unanswered', body);
    await until('the change', () => suite.backend.writes.length === 1);
    expect((await browser.get('/visits')).json()).toEqual({ visits: 1, field1: 1 });
    void client.ask('plain');
    await until('the answer of another', () => client.replies.length === 1);
    expect(suite.app.logs.lines.join('\n')).toMatch(/of the (guard|handler)/);
  });
});
