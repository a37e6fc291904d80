import { Controller, Injectable, type INestApplication, Post } from '@nestjs/common';
import {
  type ClientProxy,
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { ScheduleModule, Timeout } from '@nestjs/schedule';
import { afterEach, describe, expect, it } from 'vitest';
import { lastValueFrom } from 'rxjs';
import { Session, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';
import { freePort } from '../../support/redis-server.js';

@Controller()
class HybridController {
  constructor(private readonly sessions: SessionService) {}

  @Post('visit')
  visit(@Session() session: Session) {
    return { id: session.id, visits: session.increment('visits') };
  }
  /** As the error of `sessions.of` says: by the id that the sender puts into the message. */
  @MessagePattern('visits')
  async visits(@Payload() id: string) {
    return (await this.sessions.get(id))?.data.visits;
  }
  @MessagePattern('sign-out')
  async signOut(@Payload() id: string) {
    await this.sessions.revoke(id);
    return 'done';
  }
  @MessagePattern('ask')
  ask(@Session() session: Session) {
    return session.visits;
  }
}

let app: TestApp;
let client: ClientProxy | undefined;
afterEach(async () => {
  client?.close();
  await app.stop();
});

describe.each(ADAPTERS)('a hybrid application, on %s', (adapter) => {
  it.each([true, false])('with TCP, inheritAppConfig: %s', async (inheritAppConfig) => {
    const options = { host: '127.0.0.1', port: await freePort() };
    app = await TestApp.start({
      adapter,
      controllers: [HybridController],
      prepare: async (nest: INestApplication) => {
        nest.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig });
        await nest.startAllMicroservices();
      },
    });
    const sender = (client = ClientProxyFactory.create({ transport: Transport.TCP, options }));
    const send = (pattern: string, id: string) => lastValueFrom(sender.send<unknown>(pattern, id));

    const browser = app.browser();
    await browser.post('/visit');
    const { id } = (await browser.post('/visit')).json<{ id: string }>();
    expect(await send('visits', id)).toBe(2);
    await expect(send('ask', id)).rejects.toMatchObject({ message: 'Internal server error' });
    expect(app.logs.lines.join('\n')).toMatch(/This is a message of a microservice .*session\.id/);
    expect(await send('sign-out', id)).toBe('done');
    expect((await browser.post('/visit')).json()).toMatchObject({ visits: 1 });
  });
});

it('a job of @nestjs/schedule has no session of its own, and ends those of others by id', async () => {
  let done!: (found: unknown) => void;
  const found = new Promise((resolve) => (done = resolve));

  @Injectable()
  class Job {
    constructor(private readonly sessions: SessionService) {}

    @Timeout(0)
    async run() {
      const { sessions } = this;
      const { id } = await sessions.issue('ada', { data: { userId: 'ada' } });
      const before = await sessions.get(id);
      await sessions.revoke(id);
      const error = await sessions.of(undefined as never).catch((thrown: Error) => thrown.message);
      done({
        data: before?.data,
        after: await sessions.get(id),
        current: sessions.current,
        error,
      });
    }
  }
  app = await TestApp.start({
    adapter: 'express',
    session: { current: true, transports: ['bearer'] },
    imports: [ScheduleModule.forRoot()],
    providers: [Job],
  });
  expect(await found).toEqual({
    data: { userId: 'ada' },
    after: null,
    current: undefined,
    error: expect.stringMatching(/has no session: .*cron job, read a session by SessionService/),
  });
});
