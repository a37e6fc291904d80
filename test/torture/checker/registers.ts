import { groupBy } from './group-by.js';
import type { KnownEffect } from './known.js';
import type { Model } from './model.js';
import { readsOf } from './reads.js';
import type { Read } from './sights.js';
import type { PromiseName, Verdict, Violation } from './violation.js';

/**
 * Registers: fields of which the last write wins. Each write has a value of its own, so a read says which write it saw.
 *
 * A read is wrong where all that it can have seen was overwritten before it began. With `source` the write that it saw,
 * and `newer` another write of the field, that is certain where
 *
 *   source can't take effect after `source.lastMs`, nor after it was first seen
 *     <  newer.fromMs, before which its handler had not come to it
 *   and newer had taken effect (acknowledged, or seen by somebody) before the read began.
 *
 * Whatever the order in which things took effect between their times, `source` came before `newer`, and `newer` before
 * the read. A field that is absent has as sources each delete, and its absence at the beginning; all of them must be
 * overwritten. Nothing is concluded of a write that another request's end of the session may have voided.
 */
export function checkRegisters(model: Model): Verdict {
  const reads = readsOf(model);
  const readsBySession = groupBy(reads, ({ session }) => session);
  const effectsBySession = groupBy(model.effects, ({ session }) => session);
  const violations: Violation[] = [];
  let checked = 0;
  for (const [session, seen] of readsBySession) {
    const effects = (effectsBySession.get(session) ?? []).filter(
      ({ kind }) => kind === 'set' || kind === 'delete',
    );
    const fields = new Set(effects.map(({ field }) => field).filter((field) => field !== '*'));
    for (const field of fields) {
      const register = new Register(model, field, effects, seen);
      checked += seen.length;
      violations.push(...seen.flatMap((read) => register.check(read) ?? []));
    }
  }
  return { violations, checked: { 'no-lost-write': checked, 'no-late-write': checked } };
}

/** One register of one session. */
class Register {
  readonly #sets: KnownEffect[];
  readonly #deletes: KnownEffect[];
  /** When each value was first seen, and when first in a way that a failover can't undo. */
  readonly #seenMs = new Map<string, number>();
  readonly #provedMs = new Map<string, number>();

  constructor(
    model: Model,
    private readonly field: string,
    effects: readonly KnownEffect[],
    reads: readonly Read[],
  ) {
    this.#sets = effects.filter((each) => each.field === field && each.kind === 'set');
    this.#deletes = effects.filter(({ kind, field: other, except }) => {
      return kind === 'delete' && (other === field || (other === '*' && !except!.includes(field)));
    });
    for (const { fields, toMs } of reads) {
      const value = fields[field];
      if (typeof value !== 'string') continue;
      this.#seenMs.set(value, Math.min(toMs, this.#seenMs.get(value) ?? Infinity));
      if (model.isExempt(toMs)) continue;
      this.#provedMs.set(value, Math.min(toMs, this.#provedMs.get(value) ?? Infinity));
    }
  }

  check(read: Read): Violation | undefined {
    const value = read.fields[this.field];
    return typeof value === 'string' ? this.#checkValue(read, value) : this.#checkAbsence(read);
  }

  #checkValue(read: Read, value: string): Violation | undefined {
    const source = this.#sets.find((each) => each.value === value);
    if (!source) return undefined;
    const newer = [...this.#sets, ...this.#deletes].find(
      (each) => each !== source && this.#isBefore(source, each) && this.#isDone(each, read.fromMs),
    );
    return newer && this.#violation(read, value, newer, [source]);
  }

  #checkAbsence(read: Read): Violation | undefined {
    const deletes = this.#deletes.filter(({ fromMs }) => fromMs <= read.toMs);
    const lost = this.#sets.find(
      (each) =>
        this.#isDone(each, read.fromMs) && deletes.every((source) => this.#isBefore(source, each)),
    );
    return lost && this.#violation(read, 'nothing', lost, deletes);
  }

  /** Whether a source must have taken effect before another write's handler had come to it. */
  #isBefore(source: KnownEffect, other: KnownEffect): boolean {
    const seenMs =
      source.value === undefined ? Infinity : (this.#seenMs.get(source.value) ?? Infinity);
    return Math.min(source.lastMs, seenMs) < other.fromMs;
  }

  #isDone({ isSure, ackMs, value }: KnownEffect, beforeMs: number): boolean {
    if (isSure && ackMs < beforeMs) return true;
    return value !== undefined && (this.#provedMs.get(value) ?? Infinity) < beforeMs;
  }

  #violation(
    { n, session, isAnonymous }: Read,
    seen: string,
    newer: KnownEffect,
    sources: readonly KnownEffect[],
  ): Violation {
    const wrote = newer.kind === 'set' ? `wrote ${newer.value}` : 'deleted it';
    const isLate = sources.some(({ ackMs }) => ackMs === Infinity);
    const promise: PromiseName = isLate ? 'no-late-write' : 'no-lost-write';
    const how = isAnonymous ? ' (the token led to no session)' : '';
    return {
      promise,
      session,
      what: `request ${n} read ${this.field} = ${seen}${how}, though request ${newer.n} ${wrote} and that was there before`,
      requests: [n, newer.n, ...sources.map((each) => each.n)],
    };
  }
}
