import type { EndReason, SessionEnds } from '../backends/session-ends.js';
import type { LoadedSession, RefusedToken, SessionStore } from '../session/session-store.js';
import { TOKEN_LENGTH } from '../session/token.js';
import { FROM, Importer, type MigrationSource } from './importer.js';
import { ImportKeys } from './import-keys.js';
import type { MigratingApplication, MigratingSessions } from './migration.js';
import { type OldCookieOptions, oldIds } from './old-cookie.js';
import { OldSessions } from './old-store.js';

type Found = LoadedSession | RefusedToken | null;

/** Finds, imports and ends sessions with the old ones that they come from. */
export function migratingSessions(
  source: MigrationSource,
  cookie: OldCookieOptions,
  application: MigratingApplication,
): MigratingSessions {
  const keys = new ImportKeys((text) => application.derive(text));
  const old = new OldSessions(source.store, application.timeoutMs);
  const importer = new Importer({ ...application, source, keys, old });
  const endOld = async (id: string) => {
    const record = await application.backend.get(id);
    const oldId = record && importer.oldIdOf(record);
    if (oldId) await old.end(oldId);
  };
  return {
    importable: (header) => oldIds(header, cookie).map((id) => keys.token(id) + id),
    loading: (load) => importing(load, importer, application.ends),
    ...(source.keepOldForMs > 0
      ? { ends: endingBoth(application, endOld), origins: { field: FROM, end: endOld } }
      : { ends: application.ends, origins: undefined }),
  };
}

function importing(
  load: SessionStore['load'],
  importer: Importer,
  ends: SessionEnds,
): SessionStore['load'] {
  return async (token) => {
    const oldId = token.length > TOKEN_LENGTH ? token.slice(TOKEN_LENGTH) : undefined;
    const found = await load(token);
    if (oldId === undefined || found?.kind === 'session') return goingOn(found, oldId);
    if (found || !(await importer.import(token, oldId))) return found;
    return goingOn(await load(token), oldId);
  };

  async function goingOn(found: Found, oldId: string | undefined): Promise<Found> {
    if (found?.kind !== 'session') return found;
    const { record, identity } = found;
    if (oldId !== undefined && !(await importer.settle(identity.id, record, oldId))) return null;
    if (await importer.goesOn(record)) return found;
    await ends.end(identity.id, 'destroyed');
    return null;
  }
}

/** Ends the old session first, so that it is tried again where that fails. */
function endingBoth(
  { ends }: MigratingApplication,
  endOld: (id: string) => Promise<void>,
): SessionEnds {
  return {
    async end(id: string, reason: EndReason): Promise<boolean> {
      await endOld(id);
      return ends.end(id, reason);
    },
    listen: (listener) => ends.listen(listener),
  };
}
