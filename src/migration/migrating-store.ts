import type { AtomicSessionBackend } from '../backends/session-backend.js';
import type { EndReason, EndsListener, SessionEnds } from '../backends/session-ends.js';
import type { LoadedSession, RefusedToken } from '../session/session-store.js';
import type { Importer } from './importer.js';
import { oldIdIn } from './migration.js';

type Load = (token: string) => Promise<LoadedSession | RefusedToken | null>;

/** Finds sessions as `load` does, and imports those whose token carries an old id. */
export function importing(load: Load, importer: Importer, ends: SessionEnds): Load {
  return async (token) => {
    const oldId = oldIdIn(token);
    const found = await load(token);
    if (oldId === undefined || found?.kind === 'session') return goingOn(found, oldId);
    if (found || !(await importer.import(token, oldId))) return found;
    return goingOn(await load(token), oldId);
  };

  async function goingOn(found: LoadedSession | RefusedToken | null, oldId: string | undefined) {
    if (found?.kind !== 'session') return found;
    const { record, identity } = found;
    if (oldId !== undefined && !(await importer.settle(identity.id, record, oldId))) return null;
    if (await importer.goesOn(record)) return found;
    await ends.end(identity.id, 'destroyed');
    return null;
  }
}

/** Ends sessions with the old ones that they come from, as long as these are kept: the old one first, so that it is tried again. */
export class MigratingEnds implements SessionEnds {
  constructor(
    private readonly ends: SessionEnds,
    private readonly backend: AtomicSessionBackend,
    private readonly importer: Importer,
    private readonly endOld: (oldId: string) => Promise<void>,
  ) {}

  async end(id: string, reason: EndReason): Promise<boolean> {
    const record = await this.backend.get(id);
    const oldId = record && this.importer.oldIdOf(record);
    if (oldId) await this.endOld(oldId);
    return this.ends.end(id, reason);
  }

  listen(listener: EndsListener): () => void {
    return this.ends.listen(listener);
  }
}
