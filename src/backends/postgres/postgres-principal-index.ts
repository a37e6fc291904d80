import { hash } from 'node:crypto';
import { escaped, unescaped } from '../escaped-text.js';
import type {
  Entered,
  EnteringRequest,
  IndexEntry,
  IndexRange,
  PrincipalIndex,
} from '../principal-index.js';
import { type RunStatement, Statement } from './connection.js';
import {
  enterStatement,
  entriesStatement,
  extendStatement,
  fenceStatement,
  leaveStatement,
} from './index-statements.js';
import type { TableNames } from './table-names.js';

/** How often a principal's row is looked for that somebody else makes, or sweeps, at the same time. */
const TRIES = 10;

/** Keeps each principal's index in one row, named by a hash: the table does not show who is signed in. */
export class PostgresPrincipalIndex implements PrincipalIndex {
  readonly #enter: Statement;
  readonly #extend: Statement;
  readonly #leave: Statement;
  readonly #entries: Statement;
  readonly #fence: Statement;

  constructor(
    tables: TableNames,
    private readonly run: RunStatement,
  ) {
    this.#enter = new Statement(enterStatement(tables));
    this.#extend = new Statement(extendStatement(tables));
    this.#leave = new Statement(leaveStatement(tables));
    this.#entries = new Statement(entriesStatement(tables));
    this.#fence = new Statement(fenceStatement(tables));
  }

  async enter(
    principal: string,
    id: string,
    absoluteMs: number,
    { ageMs: requestAgeMs, laterThan }: Partial<EnteringRequest> = {},
  ): Promise<Entered> {
    const asked = [requestAgeMs ?? null, laterThan ?? null];
    const values = [keyOf(principal), escaped(id), absoluteMs, ...asked];
    for (let tries = TRIES; tries > 0; tries--) {
      const [row] = await this.run(this.#enter, values);
      if (!row) continue;
      const [status, enteredAtMs, beforeMs, count, number, ageMs, untilMs, exceptId] = row;
      return {
        status: status as Entered['status'],
        enteredAtMs: Number(enteredAtMs),
        beforeMs: beforeMs ? Number(beforeMs) : undefined,
        count: Number(count),
        fence: number ? { number: Number(number), ageMs: Number(ageMs) } : undefined,
        fenced: untilMs
          ? { untilMs: Number(untilMs), exceptId: exceptId ? unescaped(exceptId) : undefined }
          : undefined,
      };
    }
    throw new Error('the principal could not be entered: its row came and went at the same time');
  }

  async extend(principal: string, absoluteMs: number): Promise<void> {
    await this.run(this.#extend, [keyOf(principal), absoluteMs]);
  }

  async leave(principal: string, entries: readonly IndexEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const ids = entries.map(({ id }) => escaped(id));
    const times = entries.map(({ enteredAtMs }) => enteredAtMs);
    await this.run(this.#leave, [keyOf(principal), ids, times]);
  }

  async entries(
    principal: string,
    limit: number,
    { beforeMs = Infinity, afterMs }: IndexRange = {},
  ): Promise<IndexEntry[]> {
    const before = afterMs === undefined ? beforeMs : Infinity;
    const values = [keyOf(principal), limit, before, afterMs ?? null];
    const rows = await this.run(this.#entries, values);
    return rows.map(([id, enteredAtMs]) => ({
      id: unescaped(id!),
      enteredAtMs: Number(enteredAtMs),
    }));
  }

  async fence(principal: string, exceptId?: string): Promise<number> {
    const except = exceptId === undefined ? null : escaped(exceptId);
    const [row] = await this.run(this.#fence, [keyOf(principal), except]);
    return Number(row![0]);
  }
}

function keyOf(principal: string): string {
  return hash('sha256', principal, 'base64url');
}
