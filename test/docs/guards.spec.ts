import type { Provider, Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { idIn, signedInAgo } from '../support/ageing.js';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { importExample } from '../support/examples.js';

const { PostsController, guards } = await importExample<{
  PostsController: Type;
  guards: Provider[];
}>('docs/guards.md', 'class RolesGuard');

describe.each(ADAPTERS)('docs/guards.md, on %s', (adapter) => {
  let app: TestApp;
  let backend: MemoryBackend;
  beforeEach(async () => {
    backend = new MemoryBackend();
    const session = { backend };
    app = await TestApp.start({
      adapter,
      session,
      controllers: [PostsController],
      providers: guards,
    });
  });
  afterEach(() => app.stop());

  async function signedIn(name: string): Promise<Browser> {
    const browser = app.browser();
    expect((await browser.post(`/posts/sign-in/${name}`)).status).toBe(201);
    return browser;
  }
  const remove = async (browser: Browser, path: string) =>
    (await browser.request('DELETE', path)).status;

  it('lets a stranger read, and nothing else', async () => {
    const stranger = app.browser();
    expect((await stranger.get('/posts')).json()).toEqual({ reader: 'a stranger' });
    expect((await stranger.post('/posts')).status).toBe(401);
    expect(await remove(stranger, '/posts/1')).toBe(401);
  });

  it('lets those do it who have the role', async () => {
    const [ada, bob] = [await signedIn('ada'), await signedIn('bob')];
    expect((await bob.post('/posts')).json()).toEqual({ author: 'bob' });
    expect(await remove(bob, '/posts/1')).toBe(403);
    expect(await remove(ada, '/posts/1')).toBe(204);
  });

  it('asks for the password again', async () => {
    const ada = await signedIn('ada');
    expect(await remove(ada, '/posts')).toBe(204);
    await signedInAgo(backend, idIn(ada), 11 * 60_000);
    const refused = await ada.request('DELETE', '/posts');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('max_age="600"');
    await ada.post('/posts/sign-in/ada');
    expect(await remove(ada, '/posts')).toBe(204);
  });
});
