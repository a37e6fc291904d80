import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { type SessionModuleOptions, Session } from 'nestjs-server-session';
import { TestApp } from '../support/app.js';
import { type BackendPair, ENDS_BACKENDS, startPair } from '../support/backend-pair.js';
import type { Browser } from '../support/browser.js';
import { connect, type GatewayClient, useGateways } from '../support/gateway-client.js';
import { CELLS as PLATFORM_CELLS } from '../support/gateway-suite.js';
import { PrincipalController } from '../support/principal-controller.js';

/** Whom messages were handled for. */
const handledFor: unknown[] = [];

@WebSocketGateway()
class WhoGateway {
  @SubscribeMessage('who')
  who(@Session() session: Session) {
    handledFor.push(session.principal);
    return { principal: session.principal ?? null, isNew: session.isNew };
  }
}

const CELLS = PLATFORM_CELLS.flatMap(([platform, adapter]) =>
  ENDS_BACKENDS.map((name) => ({ platform, adapter, name })),
);

describe.each(CELLS)('sockets over $platform, on $adapter with $name', (cell) => {
  const { platform, adapter, name } = cell;
  let pair: BackendPair;
  let here: TestApp;
  let there: TestApp;
  let clients: GatewayClient[];

  const start = (process: 0 | 1, session: Partial<SessionModuleOptions> = {}) =>
    TestApp.start({
      adapter,
      session: { ...session, backend: pair.backends[process] },
      controllers: [PrincipalController],
      providers: [WhoGateway],
      prepare: (app) => useGateways(app, platform),
    });
  beforeEach(async () => {
    handledFor.length = 0;
    clients = [];
    pair = await startPair(name);
    here = await start(0);
    there = await start(1);
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await Promise.all([here.stop(), there.stop()]);
    await pair.stop();
  });

  const open = async ({ cookies }: Browser, app = here): Promise<GatewayClient> => {
    const client = await connect(platform, app, cookies);
    clients.push(client);
    return client;
  };
  /** What the client sees of a closed connection. */
  const SEEN = {
    ended: platform === 'ws' ? 1008 : 'io server disconnect',
    replaced: platform === 'ws' ? 1012 : 'transport close',
  };

  it('which an attacker has opened with a session that the victim signs in to are closed', async () => {
    const attacker = here.browser();
    await attacker.post('/set/cart');
    const victim = attacker.copy();
    const socket = await open(attacker);
    const early = await open(attacker);
    expect(await early.ask('who')).toEqual({ value: { principal: null, isNew: false } });
    await victim.post('/sign-in/victim');
    // While the server does not know yet, or does: never as the victim.
    void socket.ask('who');
    void early.ask('who');
    expect(await socket.closed).toBe(SEEN.replaced);
    expect(await early.closed).toBe(SEEN.replaced);
    expect(handledFor).not.toContain('victim');
    const own = await open(victim);
    expect(await own.ask('who')).toEqual({ value: { principal: 'victim', isNew: false } });
  });
});
