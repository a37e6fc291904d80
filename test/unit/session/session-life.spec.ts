import { describe, expect, it } from 'vitest';
import { ActiveSession } from '../../../src/session/active-session.js';
import { LifeScene, type Loose, SITUATIONS } from '../../support/life-table.js';

/** What is stored under the token that a client was told, as the next request sees it. */
async function next(scene: LifeScene): Promise<Record<string, unknown>> {
  const telling = scene.life.notice.take();
  if (telling?.kind === 'token') scene.token = telling.token;
  await scene.open();
  return { ...scene.session };
}

describe('a session that somebody else ends while this request has asked for a new token', () => {
  async function ended(act: (session: Loose) => unknown): Promise<LifeScene> {
    const scene = await LifeScene.stored();
    scene.session['user'] = { id: 'ada', isAdmin: true };
    await scene.life.beforeHead();
    await scene.open();
    await act(scene.session);
    await scene.elsewhere((session) => session.destroy());
    await scene.life.beforeHead();
    return scene;
  }

  it('stays dead where the request has only changed a part of what it held', async () => {
    const scene = await ended(async (session) => {
      await session.regenerate();
      (session['user'] as { isMfa?: boolean }).isMfa = true;
    });
    expect(scene.life.state).toBe('new');
    expect(await next(scene)).toEqual({});
  });

  it('goes on in a new one with what the request has put there, and a part of that it changed', async () => {
    const scene = await ended(async (session) => {
      await session.regenerate();
      session['user'] = { id: 'ada' };
      (session['user'] as { isMfa?: boolean }).isMfa = true;
      session['visits'] = 1;
    });
    expect(await next(scene)).toEqual({ user: { id: 'ada', isMfa: true }, visits: 1 });
  });

  it('goes on with the lifetime that the request asked for', async () => {
    const scene = await ended(async (session) => {
      await session.regenerate();
      session['userId'] = 'ada';
      session.lifetime({ idle: '30d', absolute: '90d', persistent: true });
    });
    expect(scene.life.expiresAtMs).toBe(scene.nowMs + 30 * 86_400_000);
    expect(scene.life.notice.telling).toMatchObject({
      kind: 'token',
      isPersistent: true,
      expiresAtMs: scene.life.expiresAtMs,
    });
  });
});

describe('a new token whose answer was lost', () => {
  /** The backend applies the next write and does not say so. */
  async function losing(scene: LifeScene, act: () => Promise<void>): Promise<void> {
    scene.backend.afterWrite = () => Promise.reject(new Error('down'));
    await expect(act()).rejects.toThrow('down');
    scene.backend.afterWrite = async () => {};
  }

  it('is told to its client where the request then reads again', async () => {
    const scene = await LifeScene.stored();
    await scene.session.regenerate();
    scene.session['userId'] = 'ada';
    await losing(scene, () => scene.session.save());
    await scene.session.reload();
    expect({ ...scene.session }).toEqual({ kept: 1, userId: 'ada' });
    await scene.life.beforeHead();
    expect(await next(scene)).toEqual({ kept: 1, userId: 'ada' });
  });

  it('so is that of a renewal', async () => {
    const scene = await SITUATIONS['stored, its secret old']!();
    await losing(scene, () => scene.session.save());
    await scene.session.reload();
    await scene.life.beforeHead();
    const before = scene.token;
    expect(await next(scene)).toEqual({ kept: 1 });
    expect(scene.token).not.toBe(before);
  });
});

describe('a touch interval of nothing', () => {
  it('has a request that stored its use store it once', async () => {
    const scene = await LifeScene.stored();
    const runtime = { ...scene.runtime, touchIntervalMs: 0 };
    scene.life = await ActiveSession.open(runtime, [scene.token]);
    scene.backend.writes.length = 0;
    scene.session['visits'] = 1;
    await scene.life.commit();
    await scene.life.beforeHead();
    expect(scene.backend.writes).toEqual(['update']);
  });
});

describe('a session whose creation was not answered', () => {
  it('is ended by who destroys it: it may be there', async () => {
    const scene = await SITUATIONS['new']!();
    scene.session['userId'] = 'ada';
    scene.backend.afterWrite = () => Promise.reject(new Error('down'));
    await expect(scene.session.save()).rejects.toThrow('down');
    scene.backend.afterWrite = async () => {};
    const { id } = scene.life;
    expect(await scene.inner.get(id)).not.toBeNull();
    await scene.session.destroy();
    expect(await scene.inner.get(id)).toBeNull();
  });
});
