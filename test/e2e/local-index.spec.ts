import { afterEach, describe, expect, it } from 'vitest';
import {
  MemoryBackend,
  type SessionBackend,
  SessionService,
  type SessionModuleOptions,
} from 'nestjs-server-session';
import { TestApp } from '../support/app.js';

/** Three methods, as a user writes them. */
class MapBackend implements SessionBackend {
  readonly #records = new Map<string, Record<string, string>>();
  async get(id: string) {
    return this.#records.get(id) ?? null;
  }
  async set(id: string, record: Record<string, string>) {
    this.#records.set(id, record);
  }
  async delete(id: string) {
    this.#records.delete(id);
  }
}

describe('an index of users that a backend has not', () => {
  let app: TestApp;
  afterEach(() => app.stop());

  async function start(session: Partial<SessionModuleOptions>): Promise<SessionService> {
    app = await TestApp.start({ adapter: 'fastify', session });
    return app.app.get(SessionService);
  }
  const warnings = () => app.logs.lines.filter((line) => line.includes('keeps no index of users'));

  it('is warned of once, when somebody relies on it', async () => {
    const sessions = await start({ backend: new MapBackend() });
    expect(warnings()).toEqual([]);
    await sessions.list('ada');
    await sessions.revokeAll('ada');
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('only what has signed in at this process since it started');
  });

  it('is warned of at start where a limit relies on it', async () => {
    const sessions = await start({ backend: new MapBackend(), principals: { maxSessions: 1 } });
    expect(warnings()).toHaveLength(1);
    await sessions.list('ada');
    expect(warnings()).toHaveLength(1);
  });

  it('is not spoken of where there is one', async () => {
    const sessions = await start({
      backend: new MemoryBackend(),
      principals: { maxSessions: 1 },
    });
    await sessions.revokeAll('ada');
    expect(warnings()).toEqual([]);
  });
});
