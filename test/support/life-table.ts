import { MemoryBackend, type RegenerateOptions, type Session } from 'nestjs-server-session';
import { createSessionObject } from '../../src/session/session-object.js';
import { ActiveSession } from '../../src/session/active-session.js';
import type { SessionRuntime } from '../../src/session/session-runtime.js';
import { GatedBackend } from './gated-backend.js';
import { lifeRuntime } from './life.js';

/** A session in a request, and what a test can do around it. */
export class LifeScene {
  /** The clock of the backend, which a situation may move. */
  nowMs = Date.now();
  readonly inner = new ClockedBackend(() => this.nowMs);
  readonly backend = new GatedBackend(this.inner);
  readonly runtime: SessionRuntime = lifeRuntime({
    backend: this.backend,
    renewIntervalMs: 300_000,
    lifetime: { idleMs: 600_000, absoluteMs: 3_600_000 },
  });
  life!: ActiveSession;
  token!: string;

  get session(): Loose {
    return createSessionObject(this.life) as unknown as Loose;
  }

  /** Has another request of the session do something and end. */
  async elsewhere(act: (session: Loose) => unknown): Promise<void> {
    const life = await ActiveSession.open(this.runtime, [this.token]);
    await act(createSessionObject(life) as unknown as Loose);
    await life.beforeHead();
  }

  async open(): Promise<void> {
    this.life = await ActiveSession.open(this.runtime, [this.token]);
  }

  static async stored(): Promise<LifeScene> {
    const scene = new LifeScene();
    scene.life = new ActiveSession(scene.runtime);
    scene.session['kept'] = 1;
    await scene.life.beforeHead();
    const telling = scene.life.notice.take();
    scene.token = telling?.kind === 'token' ? telling.token : '';
    await scene.open();
    return scene;
  }
}

class ClockedBackend extends MemoryBackend {
  constructor(private readonly clock: () => number) {
    super({ maxSessions: 10 });
  }

  override now(): number {
    return this.clock();
  }
}

export type Loose = Record<string, unknown> & Session & { save(): Promise<void> };

const MINUTE_MS = 60_000;
const down = () => Promise.reject(new Error('down'));

/** How a request comes to its session, and what others have made of it by then. */
export const SITUATIONS: Record<string, () => Promise<LifeScene>> = {
  new: async () => {
    const scene = new LifeScene();
    scene.life = new ActiveSession(scene.runtime);
    return scene;
  },
  stored: () => LifeScene.stored(),
  'stored, its use not written for long': async () => {
    const scene = await LifeScene.stored();
    scene.nowMs += 2 * MINUTE_MS;
    return scene;
  },
  'stored, its secret old': async () => {
    const scene = await LifeScene.stored();
    scene.nowMs += 6 * MINUTE_MS;
    return scene;
  },
  'stored, renewed elsewhere': async () => {
    const scene = await LifeScene.stored();
    scene.nowMs += 6 * MINUTE_MS;
    await scene.elsewhere(() => {});
    return scene;
  },
  'stored, regenerated elsewhere': async () => {
    const scene = await LifeScene.stored();
    await scene.elsewhere((session) => session.regenerate());
    return scene;
  },
  'stored, emptied elsewhere': async () => {
    const scene = await LifeScene.stored();
    await scene.elsewhere((session) => session.clear());
    return scene;
  },
  'stored, ended elsewhere': async () => {
    const scene = await LifeScene.stored();
    await scene.elsewhere((session) => session.destroy());
    return scene;
  },
  'stored, a save unanswered': async () => {
    const scene = await LifeScene.stored();
    scene.session['kept'] = 2;
    scene.backend.afterWrite = down;
    await scene.session.save().catch(() => {});
    scene.backend.afterWrite = async () => {};
    return scene;
  },
  'stored, somebody’s': async () => {
    const scene = await LifeScene.stored();
    await scene.session.signIn('bob');
    await scene.life.beforeHead();
    const telling = scene.life.notice.take();
    scene.token = telling?.kind === 'token' ? telling.token : '';
    await scene.open();
    return scene;
  },
  'gone, seen by save()': async () => {
    const scene = await SITUATIONS['stored, ended elsewhere']!();
    scene.session['lost'] = 1;
    await scene.session.save().catch(() => {});
    return scene;
  },
  'refused: its token replaced': async () => {
    const scene = await LifeScene.stored();
    await scene.elsewhere((session) => session.regenerate());
    await scene.open();
    return scene;
  },
  'refused: of a later format': async () => {
    const scene = await LifeScene.stored();
    await scene.inner.set(scene.life.id, { $version: '2' }, 60);
    await scene.open();
    return scene;
  },
  'ending, which failed': async () => {
    const scene = await LifeScene.stored();
    scene.backend.beforeWrite = down;
    await scene.session.destroy().catch(() => {});
    scene.backend.beforeWrite = async () => {};
    return scene;
  },
  unavailable: async () => {
    const scene = await LifeScene.stored();
    scene.life = ActiveSession.unavailable(scene.runtime, new Error('down'));
    return scene;
  },
};

/** What the request then does, before its head leaves. */
export const EVENTS: Record<string, (session: Loose) => unknown> = {
  'looks at it': (session) => session['kept'],
  'sets a field': (session) => (session['field'] = 1),
  'sets a field, `save()`': (session) => {
    session['field'] = 1;
    return session.save();
  },
  '`regenerate()`, sets a field': async (session) => {
    await session.regenerate();
    session['field'] = 1;
  },
  '`signIn()` as ada': (session) => session.signIn('ada'),
  '`signOut()`, keeps a field': (session) =>
    session.signOut({ keep: ['kept'] } as unknown as RegenerateOptions),
  '`clear()`': (session) => session.clear(),
  '`reload()`, sets a field': async (session) => {
    await session.reload();
    session['field'] = 1;
  },
  '`destroy()`': (session) => session.destroy(),
};

/** Plays one event in one situation: the state that it leads to, what the backend is asked for, what the client is told. */
export async function play(
  situation: () => Promise<LifeScene>,
  event: (session: Loose) => unknown,
): Promise<string> {
  const scene = await situation();
  const { backend, life } = scene;
  const [reads, writes] = [backend.reads, backend.writes.length];
  let thrown = '';
  try {
    await event(scene.session);
  } catch (error) {
    thrown = ` ${(error as Error).name}`;
  }
  await life.beforeHead();
  const commands = [
    ...Array<string>(backend.reads - reads).fill('get'),
    ...backend.writes.slice(writes),
  ];
  const told = life.notice.take()?.kind;
  return `${life.state}${thrown && `, ${thrown.trim()}`}: ${commands.join(' ') || '–'}${told ? ` → ${told}` : ''}`;
}
