import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { SessionRecord } from '../backends/session-backend.js';
import { FIELD, ttlSeconds } from '../backends/session-record.js';
import { audit } from '../session/audit-events.js';
import { encodeField } from '../session/codec.js';
import { isFieldName } from '../session/session-object.js';
import { Identity } from '../session/token.js';
import type { ImportKeys } from './import-keys.js';
import type { MigratingApplication } from './migration.js';
import type { OldSession, OldSessions, OldStore } from './old-store.js';

/** The field of an imported session that names its import. */
const IMPORT = '$import';
/** The old id of an imported session, as long as that one is kept. */
export const FROM = '$from';
/** How long a mark lives at least where the old session says no time: longer than stores keep such ones. */
const UNKNOWN_MS = 30 * 24 * 3_600_000;

/** A mark that nobody has settled yet, and one that says which import counts. */
const OPEN = 'open';
const SETTLED = 'settled';
const BY = 'by';
/** Which no secret has: a mark is no session. */
const NO_HASH = '-'.repeat(43);

/** Where sessions come from, and what of them. */
export interface MigrationSource {
  readonly store: OldStore;
  readonly keepOldForMs: number;
  /** Whether a use lengthened the life of its cookies. */
  readonly isRolling: boolean;
  readonly rename: Readonly<Record<string, string>>;
  transform(data: Record<string, unknown>): unknown;
}

export interface ImporterOptions extends Pick<
  MigratingApplication,
  'backend' | 'codec' | 'lifetime'
> {
  readonly source: MigrationSource;
  readonly keys: ImportKeys;
  readonly old: OldSessions;
}

/**
 * Makes sessions of those of another library, each once. Before that it leaves a mark, which lives as long as the old cookie
 * can, and which the first import settles: whatever comes by the old cookie later finds that session, or none.
 */
export class Importer {
  readonly #logger = new Logger('SessionModule');
  readonly #named = new Set<string>();

  constructor(private readonly options: ImporterOptions) {}

  /** Stores a session for an old one; `false` where there is none to import, or it was imported and has ended. */
  async import(token: string, oldId: string): Promise<boolean> {
    const { backend, keys, old } = this.options;
    const mark = await backend.get(keys.mark(oldId));
    if (mark && mark[FIELD.generation] !== OPEN) return false;
    const found = await old.read(oldId);
    const data = found && (await this.#dataOf(found));
    if (!data) return false;
    if (!mark) await this.#leaveMark(oldId, found);
    const { id, hash, generation } = Identity.ofToken(token);
    const record = this.#record(oldId, found, data);
    const own = { [FIELD.generation]: generation, [FIELD.hash]: hash, ...record };
    const { lifetime } = this.options;
    const seconds = ttlSeconds(own, lifetime, this.#now());
    // Where it is taken, another request has just made it.
    if (await backend.create(id, own, seconds)) audit('begin', { id });
    return true;
  }

  /**
   * Whether a session is the import that counts, which it is from now on where there was none. One that somebody made after
   * the first had ended is removed.
   */
  async settle(id: string, record: SessionRecord, oldId: string): Promise<boolean> {
    const { backend, keys, source, old, lifetime } = this.options;
    const by = record[IMPORT] ?? '';
    const markId = keys.mark(oldId);
    const settling = { generation: SETTLED, graceMs: 0 };
    const change = { isUse: false, set: { [BY]: by }, remove: [], increment: {} };
    const result = await backend.update(
      markId,
      { generation: OPEN, hash: NO_HASH, secret: settling, ...change },
      lifetime,
    );
    if (result.status !== 'gone') {
      if (source.keepOldForMs === 0) await old.end(oldId).catch(() => {});
      return true;
    }
    const mark = await backend.get(markId);
    if (!mark || mark[BY] === by) return true;
    await backend.delete(id);
    return false;
  }

  /** Whether an imported session goes on: not where its old one has been ended, as long as that one is kept. */
  async goesOn(record: SessionRecord): Promise<boolean> {
    const from = this.oldIdOf(record);
    return from === undefined || (await this.options.old.read(from)) !== null;
  }

  /** The old session of an imported one, as long as that is kept. */
  oldIdOf(record: SessionRecord): string | undefined {
    const from = record[FROM];
    const keptUntilMs = Number(record[FIELD.createdAtMs]) + this.options.source.keepOldForMs;
    return from !== undefined && this.#now() < keptUntilMs ? from : undefined;
  }

  async #leaveMark(oldId: string, { endsAtMs, maxAgeMs = UNKNOWN_MS }: OldSession): Promise<void> {
    const { backend, keys, source } = this.options;
    const nowMs = this.#now();
    const known = endsAtMs === Infinity ? 0 : endsAtMs - nowMs;
    const lifeMs = Math.max(known, maxAgeMs) + source.keepOldForMs;
    const times = { [FIELD.createdAtMs]: String(nowMs), [FIELD.seenAtMs]: String(nowMs) };
    const life = { [FIELD.idleMs]: String(lifeMs), [FIELD.absoluteMs]: String(lifeMs) };
    const mark = { [FIELD.generation]: OPEN, [FIELD.hash]: NO_HASH, ...times, ...life, [BY]: '' };
    await backend.create(keys.mark(oldId), mark, Math.ceil(lifeMs / 1000));
  }

  #record(
    oldId: string,
    { endsAtMs, isPersistent }: OldSession,
    data: SessionRecord,
  ): SessionRecord {
    const { lifetime, source } = this.options;
    const nowMs = this.#now();
    const leftMs = source.isRolling ? Infinity : Math.max(1, Math.floor(endsAtMs - nowMs));
    return {
      [FIELD.createdAtMs]: String(nowMs),
      [FIELD.seenAtMs]: String(nowMs),
      ...(leftMs < lifetime.absoluteMs && { [FIELD.absoluteMs]: String(leftMs) }),
      ...(!isPersistent && { [FIELD.isPersistent]: '0' }),
      [IMPORT]: randomBytes(6).toString('base64url'),
      ...(source.keepOldForMs > 0 && { [FROM]: oldId }),
      ...data,
    };
  }

  /** Its data as fields; `null` where they are refused. */
  async #dataOf({ data }: OldSession): Promise<SessionRecord | null> {
    const { source, codec } = this.options;
    const transformed = await source.transform({ ...data });
    if (typeof transformed !== 'object' || transformed === null) return null;
    const record: SessionRecord = {};
    for (const [name, value] of Object.entries(transformed)) {
      const field = Object.hasOwn(source.rename, name) ? source.rename[name]! : name;
      if (!isFieldName(field)) this.#warn(name);
      else if (value !== undefined) record[field] = encodeField(codec, field, value);
    }
    return record;
  }

  #warn(name: string): void {
    if (this.#named.has(name)) return;
    this.#named.add(name);
    this.#logger.warn(
      `Sessions that are migrated have a field ${name}, which a session can't have: it is left out. Give it another name, by migrate's option rename: { ${name}: 'another' }.`,
    );
  }

  #now(): number {
    return this.options.backend.now?.() ?? Date.now();
  }
}
