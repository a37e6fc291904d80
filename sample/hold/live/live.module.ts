import type { IncomingMessage } from 'node:http';
import { type DynamicModule, Module } from '@nestjs/common';
import { type SessionBackend, SessionModule } from 'nestjs-server-session';
import { DevicesController } from './devices.controller.js';
import { DevicesGateway } from './devices.gateway.js';
import { LIVE_PATH } from './live-path.js';
import { PulseController } from './pulse.controller.js';

/** For each a cookie of its own, so that one browser can be several clients: `?as=phone`. */
const CLIENTS = ['phone', 'laptop', 'pulse'];

/** What the page asks by itself, with cookies of its own: two devices, and a client that goes on while Redis dies. */
@Module({ controllers: [DevicesController, PulseController], providers: [DevicesGateway] })
export class LiveModule {
  static with(secret: string, backend: SessionBackend): DynamicModule {
    const sessions = SessionModule.forRoot({
      secret,
      backend,
      backendTimeout: '500ms',
      cookie: (request) => ({ name: cookieName(request), path: LIVE_PATH }),
    });
    return { module: LiveModule, imports: [sessions] };
  }
}

function cookieName({ url = '' }: IncomingMessage): string {
  const name = new URL(url, 'http://localhost').searchParams.get('as');
  return CLIENTS.find((client) => client === name) ?? 'sid';
}
