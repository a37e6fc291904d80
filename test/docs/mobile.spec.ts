import { Controller, Get, type Type, UseGuards } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, Principal, SessionService, SignedInGuard } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { importExample } from '../support/examples.js';
import { GatedBackend } from '../support/gated-backend.js';
import { until } from '../support/until.js';

interface Client {
  signIn(name: string, password: string, device: string): Promise<void>;
  request(path: string): Promise<Response>;
  signOut(): Promise<void>;
}

const PAGE = 'docs/mobile.md';
const { MobileController, Users } = await importExample<Record<string, Type>>(
  'docs/bearer.md',
  'class MobileController',
);
const { Client: ClientOfPage, SignedOutError } = await importExample<{
  Client: new (url: string, store: object) => Client;
  SignedOutError: new () => Error;
}>(PAGE, 'class Client');
const { PushSignOut, Devices } = await importExample<Record<string, Type>>(PAGE, 'PushSignOut');

@Controller()
class MeController {
  @Get('me')
  @UseGuards(SignedInGuard)
  me(@Principal() principal: string) {
    return { principal };
  }
}

describe.each(ADAPTERS)('the client of docs/mobile.md, on %s', (adapter) => {
  const stored: { token?: string | undefined } = {};
  const store = {
    read: async () => stored.token,
    write: async (token: string) => void (stored.token = token),
    remove: async () => void (stored.token = undefined),
  };
  const pushed: string[] = [];
  const tokens = new Map<string, string>();
  const devices = {
    takePushToken: async (id: string) => tokens.get(id),
    push: async (token: string) => void pushed.push(token),
  };
  let app: TestApp;
  let client: Client;
  let backend: GatedBackend;

  beforeEach(async () => {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend, transports: ['cookie', 'bearer'] },
      controllers: [MobileController!, MeController],
      providers: [
        Users!,
        { provide: Devices!, useValue: devices },
        {
          provide: PushSignOut!,
          inject: [SessionService, Devices!],
          useFactory: (...parts: unknown[]) => new PushSignOut!(...parts) as object,
        },
      ],
    });
    client = new ClientOfPage(app.url, store);
    await client.signIn('ada', 'secret', 'phone');
  });
  afterEach(() => app.stop());

  const me = async () => (await client.request('/me')).json();

  it('is signed in until it signs out', async () => {
    expect(await me()).toEqual({ principal: 'ada' });
    await client.signOut();
    expect(stored.token).toBeUndefined();
    await expect(me()).rejects.toBeInstanceOf(SignedOutError);
  });

  it('forgets its token where the session has ended, and not where the backend fails', async () => {
    const { token } = stored;
    backend.beforeRead = () => Promise.reject(new Error('no'));
    expect((await client.request('/me')).status).toBe(503);
    expect(stored.token).toBe(token);
    backend.beforeRead = async () => {};
    await app.app.get(SessionService).revokeAll('ada');
    await expect(me()).rejects.toBeInstanceOf(SignedOutError);
    expect(stored.token).toBeUndefined();
  });

  it('is sent a message when somebody else ends its session', async () => {
    const sessions = app.app.get(SessionService);
    const [session] = await sessions.list('ada');
    tokens.set(session!.id, 'push token');
    pushed.length = 0;
    await sessions.revoke(session!.id, { principal: 'ada' });
    await until('a message', () => pushed.length > 0);
    expect(pushed).toEqual(['push token']);
  });
});
