import type { Type } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ADAPTERS, TestApp } from '../../support/app.js';
import type { Browser } from '../../support/browser.js';
import { idIn } from '../../support/ageing.js';
import { importRecipe } from '../../support/examples.js';

const { DevicesController } = await importRecipe<{ DevicesController: Type }>(
  'class DevicesController',
);

interface Shown {
  id: string;
  agent: string;
  address: string;
  isThis: boolean;
}

describe.each(ADAPTERS)('a list of devices, on %s', (adapter) => {
  let app: TestApp;
  afterEach(() => app.stop());

  async function signedIn(userId: string, agent: string, forwarded = ''): Promise<Browser> {
    const browser = app.browser();
    const headers = { 'user-agent': agent, ...(forwarded && { 'x-forwarded-for': forwarded }) };
    const { status } = await browser.postJson('/devices/sign-in', { userId }, headers);
    expect(status).toBe(200);
    return browser;
  }
  const list = async (browser: Browser) => (await browser.get('/devices')).json<Shown[]>();
  const start = async (trustProxy: string | false = false) => {
    const trusting = () => new FastifyAdapter({ trustProxy });
    app = await TestApp.start({
      adapter: adapter === 'fastify' && trustProxy ? trusting() : adapter,
      session: {},
      controllers: [DevicesController],
      prepare: (nest) => {
        if (adapter === 'express') (nest as NestExpressApplication).set('trust proxy', trustProxy);
      },
    });
  };

  it('shows what each was at its sign-in, and which one asks', async () => {
    await start();
    const [phone, desk] = [await signedIn('ada', 'Phone'), await signedIn('ada', 'x'.repeat(900))];
    await signedIn('bob', 'Phone');
    const shown = await list(phone);
    const own = { id: idIn(phone), agent: 'Phone', isThis: true };
    expect(shown).toContainEqual(expect.objectContaining(own));
    const other = { id: idIn(desk), agent: 'x'.repeat(300), isThis: false };
    expect(shown).toContainEqual(expect.objectContaining(other));
    expect(shown).toHaveLength(2);
    expect(shown[0]!.address).toMatch(/127\.0\.0\.1$/);
  });

  it('shows the address that the trusted proxy saw, and not what a client wrote', async () => {
    await start('loopback');
    const browser = await signedIn('ada', 'Phone', '6.6.6.6, 203.0.113.7');
    expect((await list(browser))[0]!.address).toBe('203.0.113.7');
  });

  it('signs out there, and elsewhere, and nobody else', async () => {
    await start();
    const [one, two, three] = [
      await signedIn('ada', '1'),
      await signedIn('ada', '2'),
      await signedIn('ada', '3'),
    ];
    const bob = await signedIn('bob', '4');
    expect((await one.request('DELETE', `/devices/${idIn(two)}`)).status).toBe(204);
    expect((await two.get('/devices')).status).toBe(401);
    expect((await one.request('DELETE', `/devices/${idIn(bob)}`)).status).toBe(404);
    expect((await one.request('DELETE', '/devices')).json()).toEqual({ ended: 1 });
    expect((await three.get('/devices')).status).toBe(401);
    expect(await list(one)).toHaveLength(1);
    expect(await list(bob)).toHaveLength(1);
  });
});
