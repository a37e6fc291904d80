import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Session } from 'nestjs-server-session';
import { ADAPTERS, type TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { fakeClock } from '../support/clock.js';
import { run, startCookieApp } from '../support/cookie-app.js';
import { Gate } from '../support/gated-backend.js';

const MINUTE_MS = 60_000;

const visit = (browser: Browser) =>
  run(browser, (session) => ({ visits: session.increment('visits') }));
const read = (browser: Browser) => run(browser, (session) => ({ ...session }));
/** Text that no compression shortens by much. */
const noise = (length: number) =>
  Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join('');

describe.each(ADAPTERS)('a session in its cookie, on %s', (adapter) => {
  let app: TestApp;
  let browser: Browser;
  beforeEach(async () => {
    app = await startCookieApp(adapter);
    browser = app.browser();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await app.stop();
  });

  it('is what it was at the next request, with no trace of it in clear', async () => {
    const answer = await run(browser, async (session) => {
      session.update({ userId: 'ada', cart: { items: [{ sku: 'amber', count: 1 }] } });
      session.flash = ['Saved.'];
      return { id: session.id, generation: session.generation };
    });
    expect(answer.setCookies).toEqual([
      expect.stringMatching(/^sid=1[\w-]+; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    const sealed = Buffer.from(browser.cookies['sid']!.slice(1), 'base64url').toString('latin1');
    expect(sealed).not.toMatch(/ada|amber|created|Saved/);
    const next = await run(browser, (session) => {
      session.cart!.items[0]!.count++;
      const { id, generation, isNew } = session;
      return { id, generation, isNew, flash: session.take('flash'), data: { ...session } };
    });
    expect(next.json()).toEqual({
      ...answer.json<object>(),
      isNew: false,
      flash: ['Saved.'],
      data: { userId: 'ada', cart: { items: [{ sku: 'amber', count: 2 }] } },
    });
    expect((await read(browser)).json()).toEqual({
      userId: 'ada',
      cart: { items: [{ sku: 'amber', count: 2 }] },
    });
  });

  it('is sent when it has changed, and not before', async () => {
    expect((await read(browser)).setCookies).toEqual([]);
    expect((await visit(browser)).setCookies).toHaveLength(1);
    const answer = await read(browser);
    expect(answer.setCookies).toEqual([]);
    expect(answer.headers.get('vary')).toBe('Cookie');
    expect(answer.headers.get('cache-control')).toBeNull();
    const same = await run(browser, (session) => void (session.visits = 1));
    expect(same.setCookies).toEqual([]);
    const changed = await visit(browser);
    expect(changed.headers.get('cache-control')).toBe('no-store');
    expect(changed.json()).toEqual({ visits: 2 });
  });

  it('is sent as it is at the end, however often it is saved', async () => {
    const answer = await run(browser, async (session) => {
      session.visits = 1;
      await session.save();
      session.visits = 2;
      await session.save();
      session.visits = 3;
    });
    expect(answer.setCookies).toHaveLength(1);
    expect((await read(browser)).json()).toEqual({ visits: 3 });
  });

  it('reload() drops what was not saved, and goes back no further', async () => {
    await visit(browser);
    const answer = await run(browser, async (session) => {
      session.visits = 10;
      await session.save();
      session.visits = 20;
      await session.reload();
      return { visits: session.visits };
    });
    expect(answer.json()).toEqual({ visits: 10 });
    expect((await read(browser)).json()).toEqual({ visits: 10 });
  });

  it('has a principal from sign-in to sign-out, and another generation with each', async () => {
    const before = (
      await run(browser, (session) => {
        session.visits = 1;
        return { id: session.id, generation: session.generation };
      })
    ).json();
    const signedIn = (
      await run(browser, async (session) => {
        await session.signIn('ada', { lifetime: { idle: '1h', persistent: false } });
        session.field1 = 1;
        return { id: session.id, generation: session.generation };
      })
    ).json();
    expect(signedIn['id']).toBe(before['id']);
    expect(signedIn['generation']).not.toBe(before['generation']);
    const known = (session: Session) => ({
      principal: session.principal,
      since: session.signedInAt!.getTime() - session.createdAt.getTime() < MINUTE_MS,
      idle: Math.round((session.expiresAt.getTime() - session.lastSeenAt.getTime()) / MINUTE_MS),
      generation: session.generation,
      data: { ...session },
    });
    expect((await run(browser, known)).json()).toEqual({
      principal: 'ada',
      since: true,
      idle: 60,
      generation: signedIn['generation'],
      data: { visits: 1, field1: 1 },
    });
    const other = await run(browser, async (session) => {
      await session.signIn('bob', { keep: ['field1'] });
      return { id: session.id, data: { ...session } };
    });
    expect(other.json()['id']).not.toBe(before['id']);
    expect(other.json()['data']).toEqual({ field1: 1 });
    await run(browser, (session) => session.signOut({ keep: ['field1'] }));
    const after = await run(browser, (session) => ({ ...session, is: session.principal ?? null }));
    expect(after.json()).toEqual({ field1: 1, is: null });
  });

  it('is told to an audit trail', async () => {
    const told: unknown[] = [];
    const names = ['begin', 'sign-in', 'new-token', 'sign-out', 'end'];
    const listeners = names.map((name) => {
      const listener = (event: unknown) => void told.push([name, event]);
      subscribe(`nestjs-server-session:${name}`, listener);
      return () => unsubscribe(`nestjs-server-session:${name}`, listener);
    });
    const { id } = (
      await run(browser, (session) => {
        session.visits = 1;
        return { id: session.id };
      })
    ).json();
    await run(browser, (session) => session.signIn('ada'));
    await run(browser, (session) => session.regenerate());
    await run(browser, (session) => session.signOut());
    for (const stop of listeners) stop();
    expect(told).toEqual([
      ['begin', { id }],
      ['sign-in', { id, principal: 'ada' }],
      ['new-token', { id, principal: 'ada', cause: 'regenerate' }],
      ['end', { id, principal: 'ada', reason: 'destroyed' }],
    ]);
  });

  it('is told to no audit trail where it was too large to begin', async () => {
    const told: string[] = [];
    const listeners = ['begin', 'end'].map((name) => {
      const listener = () => void told.push(name);
      subscribe(`nestjs-server-session:${name}`, listener);
      return () => unsubscribe(`nestjs-server-session:${name}`, listener);
    });
    const answer = await run(browser, async (session) => {
      session.anything = noise(9000);
      const error = await session.save().catch(({ name }: Error) => name);
      await session.destroy();
      return { error };
    });
    for (const stop of listeners) stop();
    expect(answer.json()).toEqual({ error: 'SessionSizeError' });
    expect(told).toEqual([]);
  });

  it('that is of nobody and left empty, or destroyed, is taken away', async () => {
    await visit(browser);
    const emptied = await run(browser, (session) => session.clear());
    expect(emptied.setCookies).toEqual([expect.stringMatching(/^sid=; Max-Age=0; .*Expires=/)]);
    expect(browser.cookies).toEqual({});
    await visit(browser);
    const destroyed = await run(browser, async (session) => {
      await session.destroy();
      return { visits: session.visits ?? null };
    });
    expect(destroyed.json()).toEqual({ visits: null });
    expect(browser.cookies).toEqual({});
    await visit(browser);
    await run(browser, async (session) => {
      await session.destroy();
      session.visits = 7;
    });
    expect((await read(browser)).json()).toEqual({ visits: 7 });
  });

  it('ends unused after the idle timeout, and used after the absolute one, whatever its client keeps', async () => {
    await app.stop();
    app = await startCookieApp(adapter, { idleTimeout: '10m', absoluteTimeout: '25m' });
    browser = app.browser();
    const clock = fakeClock();
    await visit(browser);
    clock.advance(9 * MINUTE_MS);
    const touched = await read(browser);
    expect(touched.json()).toEqual({ visits: 1 });
    expect(touched.setCookies[0]).toMatch(/Max-Age=600;/);
    clock.advance(9 * MINUTE_MS);
    expect((await read(browser)).setCookies[0]).toMatch(/Max-Age=420;/);
    const early = browser.copy();
    clock.advance(6.9 * MINUTE_MS);
    expect((await read(browser)).json()).toEqual({ visits: 1 });
    clock.advance(0.2 * MINUTE_MS);
    expect((await read(early)).json()).toEqual({});
    const idle = app.browser();
    await visit(idle);
    clock.advance(10 * MINUTE_MS + 1);
    expect((await read(idle)).json()).toEqual({});
  });

  it('is not sent for its use within touchInterval', async () => {
    const clock = fakeClock();
    await visit(browser);
    clock.advance(MINUTE_MS - 1000);
    expect((await read(browser)).setCookies).toEqual([]);
    clock.advance(2000);
    expect((await read(browser)).setCookies).toHaveLength(1);
    expect((await read(browser)).setCookies).toEqual([]);
  });

  it('takes two cookies where it is large, and one again later', async () => {
    const text = noise(6000);
    const answer = await run(browser, (session) => void (session.anything = text));
    expect(answer.setCookies.map((each) => each.slice(0, 6))).toEqual([
      expect.stringMatching(/^sid=2/),
      expect.stringMatching(/^sid\.1=/),
    ]);
    for (const cookie of answer.setCookies) expect(cookie.length).toBeLessThanOrEqual(4096);
    expect((await read(browser)).json()).toEqual({ anything: text });
    const large = browser.copy();
    const small = await run(browser, (session) => void (session.anything = 'small'));
    expect(small.setCookies.map((each) => each.slice(0, 14))).toEqual([
      expect.stringMatching(/^sid=1/),
      'sid.1=; Max-Ag',
    ]);
    expect((await read(browser)).json()).toEqual({ anything: 'small' });
    expect(Object.keys(browser.cookies)).toEqual(['sid']);
    await run(large, (session) => session.destroy());
    expect(large.cookies).toEqual({});
  });

  it('is none where its cookies are those of two values', async () => {
    await run(browser, (session) => void (session.anything = noise(6000)));
    const other = browser.copy();
    await run(other, (session) => void (session.anything = noise(6000)));
    const mixed = browser.copy();
    mixed.cookies['sid.1'] = other.cookies['sid.1']!;
    expect((await read(mixed)).json()).toEqual({});
    // What a parallel answer has left behind of a longer value does no harm.
    await run(browser, (session) => void (session.anything = 'small'));
    browser.cookies['sid.1'] = other.cookies['sid.1']!;
    expect((await read(browser)).json()).toEqual({ anything: 'small' });
  });

  it('that is too large is an error that names sizes, and stays as it was', async () => {
    await run(browser, (session) => void (session.userId = 'ada'));
    const before = { ...browser.cookies };
    const secret = noise(9000);
    const answer = await run(browser, (session) => {
      session.userId = 'bob';
      session.anything = secret;
    });
    expect(answer.status).toBe(500);
    expect(answer.setCookies).toEqual([]);
    const logged = app.logs.lines.join('\n');
    expect(logged).toMatch(
      /too large for its cookies: \d+ characters once encrypted, of at most 7679/,
    );
    expect(logged).toContain('Its largest fields, in characters: anything (9002), userId (5).');
    expect(logged + answer.text).not.toContain(secret.slice(0, 20));
    expect(browser.cookies).toEqual(before);
    expect((await read(browser)).json()).toEqual({ userId: 'ada' });
  });

  it('that is too large can be made smaller by who has saved it', async () => {
    await visit(browser);
    const answer = await run(browser, async (session) => {
      session.visits = 5;
      session.anything = noise(9000);
      const error = await session.save().catch(({ name }: Error) => name);
      delete session.anything;
      return { error };
    });
    expect(answer.json()).toEqual({ error: 'SessionSizeError' });
    expect((await read(browser)).json()).toEqual({ visits: 5 });
    const bomb = await run(browser, async (session) => {
      session.anything = 'x'.repeat(70_000);
      const error = await session.save().catch(({ message }: Error) => message);
      await session.reload();
      return { error };
    });
    expect(bomb.json()['error']).toContain('bytes before compression, of at most 65536');
    expect((await read(browser)).json()).toEqual({ visits: 5 });
  });

  it('a sign-in that makes it too large leaves the session before it', async () => {
    await visit(browser);
    const before = { ...browser.cookies };
    const answer = await run(browser, async (session) => {
      await session.signIn('ada');
      session.anything = noise(9000);
    });
    expect(answer.status).toBe(500);
    expect(browser.cookies).toEqual(before);
    const anew = app.browser();
    const saved = await run(anew, async (session) => {
      await session.signIn('ada');
      session.anything = noise(9000);
      await session.save().catch(() => {});
      session.anything = 'small';
    });
    expect(saved.status).toBe(201);
    const known = await run(anew, (session) => ({ ...session, is: session.principal }));
    expect(known.json()).toEqual({ anything: 'small', is: 'ada' });
  });

  it('of parallel requests that both write is that of the last answer', async () => {
    await visit(browser);
    const gate = new Gate();
    const slow = browser.copy();
    const writing = run(slow, async (session) => {
      await gate.pass();
      session.field1 = 1;
    });
    await run(browser, (session) => void (session.field2 = 2));
    gate.open();
    const { setCookies } = await writing;
    expect((await read(slow)).json()).toEqual({ visits: 1, field1: 1 });
    // As the browser has it that both went through: nothing of the first answer is left.
    expect(setCookies).toHaveLength(1);
    expect((await read(browser)).json()).toEqual({ visits: 1, field2: 2 });
  });
});
