import type { Effect } from './deeds.js';

export interface Pending extends Pick<
  Effect,
  'kind' | 'field' | 'except' | 'value' | 'by' | 'life' | 'fromMs'
> {
  /** Whether it may go nowhere, though what comes after it is saved. */
  readonly isDoubtful?: boolean;
}
type Fields = Readonly<Record<string, string | number>>;

/** The data that a handler sees, and what it has changed in them and not saved. */
export class Draft {
  readonly takenBack: string[] = [];
  #view: Map<string, string | number>;
  #stored: Set<string>;
  #pending: Pending[] = [];
  /** Fields that are as another session has them. */
  #copies = new Set<string>();

  constructor(fields: Fields = {}) {
    this.#view = new Map(Object.entries(fields));
    this.#stored = new Set(this.#view.keys());
  }

  set(field: string, value: string, fromMs: number): void {
    this.#drop(field);
    this.#copies.delete(field);
    this.#view.set(field, value);
    this.#pending.push({ kind: 'set', field, value, fromMs });
  }

  add(field: string, by: number, fromMs: number): void {
    this.#view.set(field, Number(this.#view.get(field) ?? 0) + by);
    this.#pending.push({ kind: 'add', field, by, fromMs });
  }

  /** Only what the handler saw is deleted: what another request has set meanwhile, in a field that was not there, stays. */
  delete(field: string, fromMs: number): void {
    this.#drop(field);
    this.#view.delete(field);
    if (this.#stored.has(field)) this.#pending.push({ kind: 'delete', field, fromMs });
  }

  clear(fromMs: number): void {
    for (const field of this.#view.keys()) this.delete(field, fromMs);
  }

  /** With a new token: the fields that are not kept are gone, those too that other requests have set meanwhile. */
  retain(keep: readonly string[], fromMs: number): void {
    for (const field of this.#view.keys()) if (!keep.includes(field)) this.delete(field, fromMs);
    this.#pending.push({ kind: 'delete', field: '*', except: keep, fromMs });
  }

  /** Something that is no data. */
  note(pending: Pending): void {
    this.#pending.push(pending);
  }

  /** Goes on in a new session, with some of the fields. */
  carry(keep: readonly string[], fromMs: number): void {
    const kept = [...this.#view].filter(([field]) => keep.includes(field));
    for (const { field } of this.#pending) if (!keep.includes(field)) this.#takeBack(field);
    this.#copies = new Set(kept.map(([field]) => field).filter((field) => !this.#isSet(field)));
    this.#pending = kept.map(([field, value]) =>
      typeof value === 'number'
        ? { kind: 'add', field, by: value, fromMs }
        : { kind: 'set', field, value, fromMs },
    );
    this.#view = new Map(kept);
    this.#stored = new Set();
  }

  /** Forgets what is not saved, and goes on with these fields. */
  reload(fields: Fields): void {
    this.void();
    this.#view = new Map(Object.entries(fields));
    this.#stored = new Set(this.#view.keys());
  }

  /** Of all that is not saved nothing can be stored. */
  void(): void {
    for (const { field } of this.#pending) this.#takeBack(field);
    this.#pending = [];
  }

  /** What is not saved goes to a session that has nothing yet. */
  move(): void {
    this.#pending = this.#pending.filter(({ kind }) => kind !== 'delete');
  }

  /** What is not saved so far may go nowhere. */
  doubt(): void {
    this.#pending = this.#pending.map((each) => ({ ...each, isDoubtful: true }));
  }

  /** What was refused: a sign-in, with the fields that it did not keep. */
  refuse(): void {
    this.#pending = this.#pending.filter(({ kind, field }) => {
      return (kind === 'set' || kind === 'add') && !this.#copies.has(field);
    });
  }

  /** Takes what is not saved, which is then. */
  flush(): readonly Pending[] {
    const flushed = this.#pending;
    this.#pending = [];
    this.#stored = new Set(this.#view.keys());
    return flushed;
  }

  #drop(field: string): void {
    this.#takeBack(field);
    this.#pending = this.#pending.filter((pending) => pending.field !== field);
  }

  #isSet(field: string): boolean {
    return this.#pending.some((each) => each.kind === 'set' && each.field === field);
  }

  #takeBack(field: string): void {
    if (this.#copies.has(field)) return;
    for (const { kind, field: other, value } of this.#pending) {
      if (kind === 'set' && other === field) this.takenBack.push(value!);
    }
  }
}
