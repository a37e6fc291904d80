import { Socket } from 'node:net';
import type { ExecutionContext } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Session, SessionService } from 'nestjs-server-session';
import { WebSocket } from 'ws';
import { TestApp } from '../support/app.js';
import { connect, useGateways } from '../support/gateway-client.js';
import { NEST_MAJOR } from '../support/nest-major.js';

interface ContextHost extends ExecutionContext {
  setType(type: string): void;
}
const { ExecutionContextHost } = (await import(
  NEST_MAJOR > 11 ? '@nestjs/core/internal' : '@nestjs/core/helpers/execution-context-host.js'
)) as { ExecutionContextHost: new (args: unknown[]) => ContextHost };

const SECRET_VALUE = 'what nobody should read';

describe('whoever asks for a session where there is none', () => {
  let app: TestApp;
  let sessions: SessionService;
  beforeEach(async () => {
    app = await TestApp.start({ adapter: 'express' });
    sessions = app.app.get(SessionService);
  });
  afterEach(() => app.stop());

  const context = (type: string): ExecutionContext => {
    const host = new ExecutionContextHost([{ value: SECRET_VALUE }]);
    host.setType(type);
    return host;
  };

  it.each<[string, unknown, RegExp]>([
    [
      'a microservice',
      () => context('rpc'),
      /^This is a message of a microservice .*put .*session\.id/,
    ],
    [
      'a gateway that is not bound',
      () => context('ws'),
      /^This is a message of a gateway .*import/,
    ],
    ['a context that it does not know', () => context('bull'), /^This is a context of type 'bull'/],
    ['nothing, as a cron job', () => undefined, /^Nothing \(undefined\) has no session.*cron job/],
    ['an object', () => ({ value: SECRET_VALUE }), /^This Object has no session/],
    [
      'what looks like a socket of socket.io',
      () => ({ handshake: { headers: {} }, request: { value: SECRET_VALUE } }),
      /^This Object has no session/,
    ],
    ['a text', () => SECRET_VALUE, /^A string has no session/],
    ['a connection', () => new Socket(), /^This socket, whose handshake is not over/],
    [
      'a client',
      () => new WebSocket(null as never, undefined, {}),
      /^This socket, whose handshake is not over/,
    ],
  ])('is told in one sentence what to do, with %s', async (_what, target, message) => {
    const error = await sessions.of((target as () => object)()).catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^[^\n]*[^.]\.$/);
    expect((error as Error).message).not.toContain(SECRET_VALUE);
  });
});

@WebSocketGateway()
class Gateway {
  @SubscribeMessage('read')
  read(@Session() session: Session) {
    return { ...session };
  }
}

it('says to import SessionModule in a gateway of an application without it', async () => {
  const app = await TestApp.start({
    adapter: 'express',
    session: null,
    providers: [Gateway],
    prepare: (nest) => useGateways(nest, 'ws'),
  });
  const client = await connect('ws', app, {});
  expect(await client.ask('read')).toMatchObject({ exception: { status: 'error' } });
  expect(app.logs.lines.join('\n')).toMatch(/message of a gateway.*import SessionModule/);
  client.close();
  await app.stop();
});
