export type Data = Record<string, unknown>;

/** What one request may do between loading a session and the end. */
export type Operation =
  | { do: 'set'; key: string; value: unknown }
  | { do: 'push'; key: string; value: number }
  | { do: 'delete' | 'increment'; key: string }
  | { do: 'regenerate'; keep?: string[] }
  | { do: 'clear' | 'save' | 'destroy' };

/** A session as the backend should hold it. Ended ones stay known, so that a test can see that they stay ended. */
export class ModelSession {
  isAlive = true;
  constructor(public data: Data) {}
}

type Effect = { set: unknown } | { add: number } | 'removed';

/** What a request should see and do: a view of its session, and by field what it is going to change. */
export class ModelRequest {
  view: Data;
  #base: Data;
  #effects = new Map<string, Effect>();
  #isGone = false;

  constructor(public session: ModelSession | null) {
    this.view = structuredClone(session?.data ?? {});
    this.#base = structuredClone(this.view);
  }

  apply(operation: Operation): void {
    switch (operation.do) {
      case 'set':
        return this.#set(operation.key, operation.value);
      case 'push':
        return this.#set(operation.key, [
          ...(this.view[operation.key] as unknown[]),
          operation.value,
        ]);
      case 'delete':
        return this.#remove(operation.key);
      case 'increment':
        return this.#increment(operation.key);
      case 'clear':
        return Object.keys(this.view).forEach((key) => this.#remove(key));
      case 'save':
        return this.commit();
      case 'destroy':
        if (this.session && !this.#isGone) this.session.isAlive = false;
        return this.#reset(null);
      case 'regenerate':
        return this.#regenerate(operation.keep);
    }
  }

  commit(): void {
    if (this.#isGone) return;
    if (!this.session) {
      if (Object.keys(this.view).length > 0)
        this.#rebase(new ModelSession(structuredClone(this.view)));
      return;
    }
    if (this.#effects.size === 0) return;
    if (!this.session.isAlive) {
      this.#isGone = true;
      return;
    }
    this.#write(this.session);
    this.#rebase(this.session);
    const isEmpty = Object.keys(this.view).length + Object.keys(this.session.data).length === 0;
    if (isEmpty) {
      this.session.isAlive = false;
      this.#reset(null);
    }
  }

  #regenerate(keep?: string[]): void {
    if (keep) {
      for (const key of Object.keys({ ...this.view, ...this.#base })) {
        if (keep.includes(key)) continue;
        delete this.view[key];
        this.#effects.delete(key);
      }
    }
    if (this.#isGone || (this.session && !this.session.isAlive)) return this.#reset(null);
    if (!this.session) return;
    this.session.isAlive = false;
    const kept = Object.entries(this.session.data).filter(([key]) => !keep || keep.includes(key));
    const moved = new ModelSession(structuredClone(Object.fromEntries(kept)));
    this.#write(moved);
    this.#rebase(moved);
  }

  #write(session: ModelSession): void {
    for (const [key, effect] of this.#effects) {
      if (effect === 'removed') delete session.data[key];
      else if ('set' in effect) session.data[key] = structuredClone(effect.set);
      else session.data[key] = (numberOf(session.data[key]) ?? 0) + effect.add;
    }
  }

  #set(key: string, value: unknown): void {
    this.view[key] = value;
    // By text: under Jest, arrays of other realms are never strictly equal.
    const isStored = JSON.stringify(this.#base[key]) === JSON.stringify(value);
    if (isStored) this.#effects.delete(key);
    else this.#effects.set(key, { set: value });
  }

  #remove(key: string): void {
    delete this.view[key];
    if (Object.hasOwn(this.#base, key)) this.#effects.set(key, 'removed');
    else this.#effects.delete(key);
  }

  #increment(key: string): void {
    const effect = this.#effects.get(key);
    const sum = (numberOf(this.view[key]) ?? 0) + 1;
    if (effect === 'removed' || (effect && 'set' in effect)) return this.#set(key, sum);
    this.view[key] = sum;
    this.#effects.set(key, { add: (effect?.add ?? 0) + 1 });
  }

  #rebase(session: ModelSession): void {
    this.session = session;
    this.#base = structuredClone(this.view);
    this.#effects.clear();
  }

  #reset(session: ModelSession | null): void {
    this.session = session;
    this.view = {};
    this.#base = {};
    this.#effects.clear();
    this.#isGone = false;
  }
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
