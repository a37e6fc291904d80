import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET } from '../support/app.js';
import { PageProject } from '../support/page-project.js';

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
    () =>
      project.serve(async (browser) => {
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
      }),
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
