import { type Provider, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  AllowAnonymous,
  MemoryBackend,
  Principal,
  SignedInGuard,
  SignedInWithin,
} from 'nestjs-server-session';
import { signedInAgo } from '../support/ageing.js';
import { GatedBackend } from '../support/gated-backend.js';
import { CELLS, GatewaySuite } from '../support/gateway-suite.js';
import { NEST_MAJOR } from '../support/nest-major.js';

const MINUTE_MS = 60_000;

@WebSocketGateway()
class GuardedGateway {
  @UseGuards(SignedInGuard)
  @SubscribeMessage('mine')
  mine(@Principal() principal: string) {
    return { principal };
  }
  @SignedInWithin('10m')
  @SubscribeMessage('danger')
  danger(@Principal() principal: string) {
    return { principal };
  }
  @AllowAnonymous()
  @SubscribeMessage('open')
  open(@Principal() principal?: string) {
    return { principal };
  }
  @SubscribeMessage('plain')
  plain() {
    return {};
  }
}

@UseGuards(SignedInGuard)
@WebSocketGateway()
class GuardedClassGateway {
  @SubscribeMessage('of a class')
  ofClass(@Principal() principal: string) {
    return { principal };
  }
  @AllowAnonymous()
  @SubscribeMessage('open of a class')
  open() {
    return {};
  }
}

const ADA = { value: { principal: 'ada' } };
const UNAUTHORIZED = { exception: { status: 'error', message: 'Unauthorized' } };
const GLOBAL = { provide: APP_GUARD, useClass: SignedInGuard };

describe.each(CELLS)('SignedInGuard in a gateway over %s, on %s', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);
  const start = (...providers: Provider[]) =>
    suite.start({ transports: ['bearer'] }, [GuardedGateway, GuardedClassGateway, ...providers]);
  const signIn = async () => {
    const { id, token } = await suite.sessions.issue('ada');
    const headers = { authorization: `Bearer ${token}` };
    return { id, client: await suite.connect({}, { headers }) };
  };

  it('tells who is not signed in so, and lets in who is', async () => {
    await start();
    const stranger = await suite.connect();
    for (const event of ['mine', 'danger', 'of a class']) {
      expect(await stranger.ask(event)).toMatchObject(UNAUTHORIZED);
    }
    const { client } = await signIn();
    for (const event of ['mine', 'danger', 'of a class', 'open']) {
      expect(await client.ask(event)).toEqual(ADA);
    }
  });

  it('lets in whoever asks for what allows anonymous visitors, and reads nothing for it', async () => {
    await start();
    const { client } = await signIn();
    suite.forget();
    expect(await client.ask('open of a class')).toEqual({ value: {} });
    expect(suite.backend.reads).toBe(0);
    const stranger = await suite.connect();
    expect(await stranger.ask('open')).toEqual({ value: {} });
  });

  it('asks for another sign-in where the last one is too long ago', async () => {
    await start();
    const { id, client } = await signIn();
    await signedInAgo(suite.backend, id, 11 * MINUTE_MS);
    expect(await client.ask('danger')).toMatchObject({ exception: { message: 'Sign in again' } });
    expect(await client.ask('mine')).toEqual(ADA);
  });

  it('reads once for guard and handler, and refuses a socket whose session was revoked', async () => {
    // Which does not tell that the socket is to be closed.
    suite.backend = new GatedBackend(new MemoryBackend(), false);
    await start();
    const { id, client } = await signIn();
    suite.forget();
    expect(await client.ask('mine')).toEqual(ADA);
    expect([suite.backend.reads, suite.backend.writes]).toEqual([1, []]);
    await suite.sessions.revoke(id);
    expect(await client.ask('mine')).toMatchObject(UNAUTHORIZED);
    expect(await client.ask('danger')).toMatchObject(UNAUTHORIZED);
  });

  it('lets nobody in where the backend can not be read', async () => {
    await start();
    const { client } = await signIn();
    suite.backend.beforeRead = () => Promise.reject(new Error('no'));
    expect(await client.ask('mine')).toMatchObject({ exception: { status: 'error' } });
    suite.backend.beforeRead = async () => {};
    expect(await client.ask('mine')).toEqual(ADA);
  });

  // Nest 11 asks no global guard there.
  if (NEST_MAJOR > 11) {
    it('guards all gateways of an application, apart from what allows anonymous visitors', async () => {
      await start(GLOBAL);
      const stranger = await suite.connect();
      expect(await stranger.ask('plain')).toMatchObject(UNAUTHORIZED);
      expect(await stranger.ask('open')).toEqual({ value: {} });
      const { client } = await signIn();
      expect(await client.ask('plain')).toEqual({ value: {} });
      expect(await client.ask('mine')).toEqual(ADA);
    });
  }
});
