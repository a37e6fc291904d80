import 'reflect-metadata';
import { type NestInterceptor, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { installGateways } from '../../../src/edges/ws/install.js';
import { JsonCodec } from '../../../src/session/codec.js';
import { createSessions } from '../../../src/session.factory.js';
import { SECRET } from '../../support/app.js';

const own: NestInterceptor = { intercept: (_context, next) => next.handle() };
const ofRoutes: NestInterceptor = { intercept: (_context, next) => next.handle() };
const guard = { canActivate: () => true };

class Base {
  @SubscribeMessage('inherited')
  inherited(@Session() session: Session) {
    return session.id;
  }
}

@WebSocketGateway()
class Mixed extends Base {
  @SubscribeMessage('plain')
  plain(@MessageBody() body: object) {
    return body;
  }
  @SubscribeMessage('session')
  session(@Session('visits') visits: number | undefined) {
    return visits;
  }
  @UseGuards(guard)
  @SubscribeMessage('guarded')
  guarded() {}
  @UseInterceptors(own)
  @SubscribeMessage('intercepted')
  intercepted() {}
  @UseInterceptors(own)
  other() {}
}

@UseGuards(guard)
@WebSocketGateway()
class Guarded {
  @SubscribeMessage('plain')
  plain() {}
}

async function install(...gateways: (typeof Mixed | typeof Guarded)[]) {
  const application = await Test.createTestingModule({ providers: gateways }).compile();
  const config = new ApplicationConfig();
  const { gateways: sessions } = createSessions(
    { secret: SECRET },
    new MemoryBackend(),
    new JsonCodec(),
    'eager',
  );
  const modules = application.get(ModulesContainer);
  const bound = installGateways(config, modules, sessions, (each) => each === ofRoutes);
  return { config, bound };
}

const interceptorsOf = (target: object) =>
  (Reflect.getMetadata('__interceptors__', target) ?? []) as NestInterceptor[];

describe('an interceptor of gateways', () => {
  it('is given to handlers in which somebody may ask for a session, and to no others', async () => {
    await install(Mixed);
    const { plain, session, guarded, inherited, intercepted, other } = Mixed.prototype;
    expect([plain, session, guarded, inherited].map((each) => interceptorsOf(each).length)).toEqual(
      [0, 1, 1, 1],
    );
    expect(interceptorsOf(intercepted)).toEqual([expect.anything(), own]);
    expect(interceptorsOf(other)).toEqual([own]);
    expect(interceptorsOf(Mixed)).toEqual([]);
  });

  it('is given to a class whose guards may ask, once for all applications', async () => {
    await install(Guarded);
    await install(Guarded, Mixed);
    expect(interceptorsOf(Guarded)).toHaveLength(1);
    expect(interceptorsOf(Mixed.prototype.guarded)).toHaveLength(1);
  });

  it('which is one of routes is kept from gateways, and from nothing else', async () => {
    const { config, bound } = await install(Mixed);
    config.useGlobalInterceptors(ofRoutes, own);
    expect(config.getGlobalInterceptors()).toEqual([ofRoutes, own]);
    config.getIoAdapter();
    expect(config.getGlobalInterceptors()).toEqual([own]);
    bound();
    config.getIoAdapter();
    expect(config.getGlobalInterceptors()).toEqual([ofRoutes, own]);
  });
});
