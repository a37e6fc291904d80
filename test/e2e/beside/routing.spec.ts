import { Controller, Get, type INestApplication, Version, VersioningType } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';

@Controller('visits')
class VisitsController {
  @Get()
  @Version('1')
  first(@Session() session: Session) {
    return { version: 1, visits: session.increment('visits') };
  }
  @Get()
  @Version('2')
  second(@Session() session: Session) {
    return { version: 2, visits: session.increment('visits') };
  }
}

/** How a version is named, and how one is asked for. */
const VERSIONINGS: Record<
  string,
  {
    enable: (app: INestApplication) => unknown;
    at: (version: number) => [path: string, headers?: Record<string, string>];
  }
> = {
  'in the path, behind a global prefix': {
    enable: (nest) => nest.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI }),
    at: (version) => [`/api/v${version}/visits`],
  },
  'in a header': {
    enable: (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
    at: (version) => ['/visits', { 'x-version': `${version}` }],
  },
};

let app: TestApp;
afterEach(() => app.stop());

describe.each(ADAPTERS)('versions of an API, on %s', (adapter) => {
  it.each(Object.entries(VERSIONINGS))('%s, share one session', async (_name, { enable, at }) => {
    app = await TestApp.start({ adapter, controllers: [VisitsController], prepare: enable });
    const browser = app.browser();
    for (const [version, visits] of [
      [1, 1],
      [2, 2],
      [1, 3],
    ] as const) {
      expect((await browser.get(...at(version))).json()).toEqual({ version, visits });
    }
  });

  it('a cookie may be for the global prefix alone', async () => {
    app = await TestApp.start({
      adapter,
      session: { cookie: { path: '/api/v2' } },
      controllers: [VisitsController],
      prepare: VERSIONINGS['in the path, behind a global prefix']!.enable,
    });
    const { setCookies } = await app.browser().get('/api/v2/visits');
    expect(setCookies).toEqual([expect.stringContaining('; Path=/api/v2;')]);
    expect((await app.browser().get('/api/v1/visits')).status).toBe(500);
  });
});
