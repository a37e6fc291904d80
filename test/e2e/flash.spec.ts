import { Controller, Get, HttpCode, Param, Post, Redirect } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { fakeSession } from 'nestjs-server-session/testing';
import { idIn } from '../support/ageing.js';
import { TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { run, ScriptController, startCookieApp } from '../support/cookie-app.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { onEveryBackend } from '../support/matrix.js';

let gate: Gate | undefined;

@Controller()
class FlashController {
  @Post('leave/:text')
  @Redirect('/found')
  leave(@Session() session: Session, @Param('text') text: string) {
    session.setFlash('flash', [text]);
    expect(session.getFlash('flash')?.[0]).not.toBe(text);
  }
  @Post('leave-twice')
  @HttpCode(200)
  leaveTwice(@Session() session: Session) {
    session.setFlash('flash', ['one']);
    session.setFlash('flash', ['two']);
    session.setFlash('visits', 3);
    return { ...session };
  }
  @Get('found')
  found(@Session() session: Session) {
    return { found: session.getFlash('flash') ?? null, visits: session.getFlash('visits') };
  }
  @Get('plain')
  plain() {
    return 'plain';
  }
  @Get('data')
  data(@Session() session: Session) {
    return { ...session };
  }
  @Get('saved')
  async saved(@Session() session: Session) {
    const before = session.getFlash('flash');
    await session.save();
    const after = session.getFlash('flash');
    session.keepFlash('flash');
    return { before, after };
  }
  @Get('keep')
  keep(@Session() session: Session) {
    session.keepFlash();
  }
  @Get('keep/visits')
  keepVisits(@Session() session: Session) {
    session.keepFlash('visits');
  }
  @Get('slow')
  async slow(@Session() session: Session) {
    const found = session.getFlash('flash') ?? null;
    await gate?.pass();
    return { found };
  }
  @Post('set/:visits')
  @HttpCode(200)
  set(@Session() session: Session, @Param('visits') visits: string) {
    session.visits = Number(visits);
  }
  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session) {
    await session.signOut();
    session.setFlash('flash', ['bye']);
  }
  @Post('clear')
  @HttpCode(200)
  clear(@Session() session: Session) {
    session.clear();
  }
}

onEveryBackend('a flash', { controllers: [FlashController] }, (cell) => {
  const found = async (browser: Browser) => (await browser.get('/found')).json()['found'];

  it('is there for the next request that uses the session, and for none after it', async () => {
    const browser = cell.app.browser();
    await browser.post('/set/1');
    expect((await browser.post('/leave/saved')).status).toBe(302);
    await browser.get('/plain');
    expect(await found(browser)).toEqual(['saved']);
    expect(await found(browser)).toBeNull();
    expect((await browser.get('/data')).json()).toEqual({ visits: 1 });
  });

  it('is gone with a request that did not look at it', async () => {
    const browser = cell.app.browser();
    await browser.post('/leave/unseen');
    expect((await browser.get('/data')).json()).toEqual({});
    expect(await found(browser)).toBeNull();
  });

  it('is no data, and of several by one key the last counts', async () => {
    const browser = cell.app.browser();
    expect((await browser.post('/leave-twice')).json()).toEqual({});
    expect((await browser.get('/found')).json()).toEqual({ found: ['two'], visits: 3 });
    await browser.post('/leave/first');
    await browser.post('/leave/second');
    expect(await found(browser)).toEqual(['second']);
    expect(await found(browser)).toBeNull();
  });

  it('stays for one request more where it is kept', async () => {
    const browser = cell.app.browser();
    await browser.post('/leave-twice');
    await browser.get('/keep');
    await browser.get('/keep/visits');
    expect((await browser.get('/found')).json()).toEqual({ found: null, visits: 3 });
    await browser.post('/leave/again');
    const both = { before: ['again'], after: ['again'] };
    expect((await browser.get('/saved')).json()).toEqual(both);
    expect(await found(browser)).toEqual(['again']);
    expect(await found(browser)).toBeNull();
  });

  it('that a request leaves while another ends one of before is not lost', async () => {
    const browser = cell.app.browser();
    await browser.post('/set/1');
    await browser.post('/leave/first');
    gate = new Gate();
    const ending = browser.get('/slow');
    await gate.reached;
    await browser.post('/leave/second');
    gate.open();
    expect((await ending).json()).toEqual({ found: ['first'] });
    expect(await found(browser)).toEqual(['second']);
    gate = undefined;
  });

  it('goes through a sign-out, alone, and its session ends with it', async () => {
    const browser = cell.app.browser();
    await browser.post('/set/1');
    await browser.post('/sign-out');
    expect((await browser.get('/found')).json()).toEqual({ found: ['bye'] });
    expect(browser.token).toBeUndefined();
  });

  it('is removed with all data', async () => {
    const browser = cell.app.browser();
    await browser.post('/set/1');
    await browser.post('/leave/never');
    await browser.post('/clear');
    expect(await found(browser)).toBeNull();
  });
});

describe('a flash, in a request that', () => {
  let app: TestApp;
  let backend: GatedBackend;
  let browser: Browser;
  beforeEach(async () => {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter: 'express',
      session: { backend },
      controllers: [ScriptController],
    });
    browser = app.browser();
    await run(browser, (session) => void (session.visits = 1));
  });
  afterEach(() => app.stop());

  const leave = (text: string) => run(browser, (session) => session.setFlash('flash', [text]));
  const found = async () => {
    const seen = await run(browser, (session) => ({ flash: session.getFlash('flash') ?? null }));
    return seen.json()['flash'];
  };

  it.each([
    ['signs in', (session: Session) => session.signIn('ada')],
    ['saves', (session: Session) => session.save()],
    ['regenerates', (session: Session) => session.regenerate()],
  ])('only %s, ends', async (_, use) => {
    await leave('wrong password');
    await run(browser, use);
    expect(await found()).toBeNull();
  });

  it.each([
    ['is signed in as somebody else', (session: Session) => session.signIn('ben')],
    ['has ended its session', (session: Session) => session.destroy()],
    ['has removed all data', async (session: Session) => session.clear()],
  ])('%s, is found and kept no more, saved before or not', async (_, change) => {
    for (const isSaved of [true, false]) {
      await run(browser, async (session) => session.signIn('ada', { keep: [] }));
      await leave('for ada');
      const seen = await run(browser, async (session) => {
        void session.principal;
        if (isSaved) await session.save();
        await change(session);
        session.keepFlash();
        return { flash: session.getFlash('flash') ?? null };
      });
      expect([seen.json()['flash'], await found()]).toEqual([null, null]);
    }
  });

  it('reads its session again leaves what came meanwhile for the next', async () => {
    const gate = new Gate();
    const slow = run(browser, async (session) => {
      void session.visits;
      await gate.pass();
      await session.reload();
      return { flash: session.getFlash('flash') ?? null };
    });
    await gate.reached;
    await leave('meanwhile');
    gate.open();
    expect((await slow).json()).toEqual({ flash: null });
    expect(await found()).toEqual(['meanwhile']);
  });

  it('keeps it holds against another that has found it too', async () => {
    await leave('kept');
    const gate = new Gate();
    const keeping = run(browser, async (session) => {
      session.keepFlash();
      session.keepFlash();
      await gate.pass();
      return { flash: session.getFlash('flash') };
    });
    await gate.reached;
    expect(await found()).toEqual(['kept']);
    gate.open();
    expect((await keeping).json()).toEqual({ flash: ['kept'] });
    expect(await found()).toEqual(['kept']);
    expect(await found()).toBeNull();
  });

  it('leaves one again and again, stores it once', async () => {
    await run(browser, async (session) => {
      for (let i = 0; i < 5; i++) {
        session.setFlash('flash', [`${i}`]);
        if (i === 2) await session.save();
      }
    });
    const record = await backend.get(idIn(browser));
    expect(Object.keys(record!).filter((field) => field.startsWith('~'))).toHaveLength(1);
    expect(await found()).toEqual(['4']);
  });

  it('leaves one, saves and leaves it again, or is the later of many, is found', async () => {
    for (let round = 0; round < 20; round++) {
      await run(browser, async (session) => {
        session.setFlash('flash', ['first']);
        await session.save();
        session.setFlash('flash', [`${round}`]);
      });
      const [gate, late] = [new Gate(), new Gate()];
      const early = run(browser, async (session) => {
        session.setFlash('flash', ['early']);
        await gate.pass();
      });
      await gate.reached;
      const later = run(browser, async (session) => {
        session.setFlash('flash', [`later ${round}`]);
        await late.pass();
      });
      await late.reached;
      late.open();
      await later;
      gate.open();
      await early;
      expect(await found()).toEqual([`later ${round}`]);
    }
  });
});

it('costs a write where there is one to end, and nothing where there is none', async () => {
  const backend = new GatedBackend(new MemoryBackend());
  const session = { backend };
  const app = await TestApp.start({ adapter: 'fastify', session, controllers: [FlashController] });
  const browser = app.browser();
  await browser.post('/set/1');
  await browser.post('/leave/saved');
  backend.writes.length = 0;
  await browser.get('/plain');
  expect(backend.writes).toEqual([]);
  await browser.get('/found');
  expect(backend.writes).toEqual(['update']);
  await browser.get('/found');
  expect(backend.writes).toEqual(['update']);
  await app.stop();
});

it('is kept in a cookie as well', async () => {
  const app = await startCookieApp('express');
  const browser = app.browser();
  await run(browser, (session) => session.setFlash('flash', ['sealed']));
  const seen = () => run(browser, (session) => ({ found: session.getFlash('flash') }));
  expect((await seen()).json()).toEqual({ found: ['sealed'] });
  expect((await seen()).json()).toEqual({});
  await app.stop();
});

it('is refused by the names of members, and named in an error by its key', async () => {
  const session = fakeSession();
  expect(() => session.setFlash('save' as never, 1)).toThrow('session.save is a member');
  expect(() => session.set('~a' as never, 1)).toThrow('names that begin with ~');
  session.setFlash('flash', (() => {}) as never);
  await expect(session.save()).rejects.toThrow("session.flash can't be saved");
});
