import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, type StoredSession } from 'nestjs-server-session';
import { Principals } from '../../../src/principals/principals.js';
import { ActiveSession } from '../../../src/session/active-session.js';
import { createSessionObject } from '../../../src/session/session-object.js';
import { storedSession } from '../../../src/session/stored-session.js';
import { lifeRuntime } from '../../support/life.js';

const LIFETIME = { idleMs: 600_000, absoluteMs: 3_600_000 };

describe('the sessions of a principal', () => {
  let backend: MemoryBackend;
  let principals: Principals;
  let ids: string[];
  beforeEach(async () => {
    backend = new MemoryBackend();
    const runtime = lifeRuntime({ backend, lifetime: LIFETIME });
    principals = new Principals(
      { backend, ends: backend.ends, lifetime: LIFETIME, isDerived: false },
      backend.principals,
      async (id) => {
        const found = await runtime.store.peek(id);
        return found && storedSession(id, found, LIFETIME);
      },
    );
    ids = [];
    for (let i = 0; i < 5; i++) {
      const life = new ActiveSession(runtime);
      await createSessionObject(life).signIn('ada');
      await life.beforeHead();
      ids.push(life.id);
    }
  });

  it.each([1, 2, 3])('are all in pages of %i, beside sign-ins again that failed', async (limit) => {
    for (const id of [ids[1]!, ids[3]!]) await backend.principals.enter('ada', id, 3_600_000);
    const listed: string[] = [];
    for (let before: StoredSession | undefined; ;) {
      const page = await principals.list('ada', { limit, ...(before && { before }) });
      if (page.length === 0) break;
      listed.push(...page.map(({ id }) => id));
      before = page.at(-1);
    }
    expect(listed.toSorted()).toEqual(ids.toSorted());
  });

  it.each([{}, null, 7, { id: undefined }])(
    'stay where %j is to be excepted, which is no session',
    async (except) => {
      const revoking = principals.revokeAll('ada', { except: except as never });
      await expect(revoking).rejects.toThrow(/except must be a session or its id\. Nothing was/);
      expect(await principals.list('ada')).toHaveLength(5);
    },
  );
});
