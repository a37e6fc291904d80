import { readFileSync } from 'node:fs';
import { Controller, Module, Post, type Type } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { MemoryBackend, Session, SessionModule, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { importExample } from '../support/examples.js';
import { GatedBackend } from '../support/gated-backend.js';
import { sourceMessages } from '../support/messages.js';

const PAGE = 'docs/troubleshooting.md';

@Controller()
class FailingController {
  constructor(private readonly sessions: SessionService) {}

  @Post('visit')
  visit(@Session() session: Session) {
    session.increment('visits');
  }
  @Post('unstorable')
  unstorable(@Session() session: Session) {
    session.set('visits', 1n as never);
  }
  @Post('end')
  async end(@Session() session: Session) {
    await this.sessions.revoke(session.id);
    session.increment('visits');
    await session.save();
  }
}

/** What stands in bold code, as every message of the page does. */
function pageMessages(): string[] {
  const page = readFileSync(PAGE, 'utf8');
  return [...page.matchAll(/\*\*`([^`]+)`\*\*/g)].map(([, text]) => text!);
}

describe(PAGE, () => {
  const inSource = sourceMessages();
  const onPage = pageMessages();

  it('has every message of the source', () => {
    expect(inSource.size).toBeGreaterThan(200);
    expect([...inSource].filter((text) => !onPage.includes(text))).toEqual([]);
  });

  it('has no message that the source does not have', () => {
    expect(onPage.filter((text) => !inSource.has(text))).toEqual([]);
  });

  it('has each once', () => {
    expect(onPage.filter((text, place) => onPage.indexOf(text) < place)).toEqual([]);
  });
});

describe.each(ADAPTERS)('the filter of docs/troubleshooting.md, on %s', (adapter) => {
  it.each([
    ['a backend that fails', 503, 'try-later'],
    ['a value that can not be stored', 500, 'internal'],
    ['a session that has ended', 401, 'signed-out'],
  ])('tells of %s', async (what, status, code) => {
    const { SessionErrorFilter } = await importExample<{ SessionErrorFilter: Type }>(
      PAGE,
      'class SessionErrorFilter',
    );
    const backend = new GatedBackend(new MemoryBackend());
    const app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [FailingController],
      providers: [{ provide: APP_FILTER, useClass: SessionErrorFilter }],
    });
    try {
      const browser = app.browser();
      await browser.post('/visit');
      const path = { 503: '/visit', 500: '/unstorable', 401: '/end' }[status]!;
      if (status === 503) backend.beforeWrite = () => Promise.reject(new Error(what));
      const answer = await browser.post(path);
      expect([answer.status, answer.json()]).toEqual([status, { statusCode: status, code }]);
    } finally {
      await app.stop();
    }
  });
});

it('the problems of options can be had', async () => {
  const { created } = await importExample<{
    created(module: Type): Promise<readonly string[]>;
  }>(PAGE, 'SessionOptionsError');

  @Module({ imports: [SessionModule.forRoot({ secret: 'short' })] })
  class WrongModule {}
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    expect(await created(WrongModule)).toEqual([
      expect.stringContaining('secret has 5 characters'),
    ]);
  } finally {
    vi.restoreAllMocks();
  }
});
