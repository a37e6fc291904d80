import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { PageProject } from '../support/page-project.js';
import { freePort } from '../support/redis-server.js';
import { until } from '../support/until.js';

const RUN_MS = 60_000;

describe('docs/start.md', () => {
  const project = new PageProject('docs/start.md');
  beforeAll(() => {
    process.env['SESSION_SECRET'] = SECRET;
    project.write();
  });
  afterAll(() => {
    delete process.env['SESSION_SECRET'];
  });

  it(
    'leads to an application that counts, and signs in',
    async () => {
      const port = await freePort();
      const env = { ...project.environment(), PORT: `${port}` };
      const options = { cwd: project.folder, env, stdio: 'ignore' } as const;
      const app = spawn(process.execPath, ['src/main.js'], options);
      try {
        const browser = new Browser(`http://127.0.0.1:${port}`);
        const isUp = () => browser.get('/').then(() => true);
        await until('an application', () => isUp().catch(() => false), RUN_MS / 2);
        expect((await browser.get('/visits')).json()).toEqual({ visits: 1 });
        expect((await browser.get('/visits')).json()).toEqual({ visits: 2 });
        expect((await browser.get('/account/cart')).status).toBe(401);
        const signIn = (body: object) => browser.postJson('/account/sign-in', body);
        expect((await signIn({})).status).toBe(401);
        expect((await signIn({ name: 'ada', password: 'correct horse' })).status).toBe(201);
        expect((await browser.get('/account/cart')).json()).toEqual({ userId: 'ada', cart: [] });
        expect((await browser.get('/visits')).json()).toEqual({ visits: 3 });
        await browser.post('/account/sign-out');
        expect((await browser.get('/account/cart')).status).toBe(401);
      } finally {
        app.kill();
        await once(app, 'exit');
      }
    },
    RUN_MS,
  );

  it(
    'leads to a test that is signed in',
    () => {
      const { code, output } = project.vitest('test/cart.e2e-spec.js');
      expect(output).toMatch(/Tests +2 passed \(2\)/);
      expect(code).toBe(0);
    },
    RUN_MS,
  );
});
