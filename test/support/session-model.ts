export type Data = Record<string, unknown>;

/** What one request may do between loading a session and the end. */
export type Operation =
  | { do: 'set'; key: string; value: unknown }
  | { do: 'push'; key: string; value: number }
  | { do: 'delete'; key: string }
  | { do: 'increment'; key: string; by: number }
  | { do: 'regenerate'; keep?: string[] }
  | { do: 'clear' | 'save' | 'destroy' | 'reload' | 'touch' };

/** What all of a program goes by. */
export interface ModelWorld {
  now(): number;
  idleMs: number;
  emptyMs: number;
  touchIntervalMs: number;
  renewIntervalMs: number;
  renewGraceMs: number;
  /** How long a replaced token is known as one. */
  replacedMs: number;
}

/** The secret half of a token, and how the real one reads, once a client was told of it. */
export class ModelSecret {
  token: string | undefined;
  constructor(
    readonly session: ModelSession,
    readonly isOfRenewal = false,
  ) {}
}

/** A session as the backend should hold it. Ended ones stay known, so that a test can see that they stay ended. */
export class ModelSession {
  /** How the real id and generations read, as soon as they are seen. */
  id: string | undefined;
  readonly generations: (string | undefined)[] = [];
  secret = new ModelSecret(this);
  generation = 0;
  previous: { secret: ModelSecret; endsAtMs: number } | undefined;
  replacedAtMs: number;
  seenAtMs: number;
  #isEnded = false;
  #emptyUntilMs = Infinity;

  constructor(
    private readonly world: ModelWorld,
    public data: Data,
  ) {
    this.seenAtMs = this.replacedAtMs = world.now();
  }

  get isAlive(): boolean {
    const endsAtMs = Math.min(this.seenAtMs + this.world.idleMs, this.#emptyUntilMs);
    return !this.#isEnded && this.world.now() < endsAtMs;
  }

  get isEmpty(): boolean {
    return Object.keys(this.data).length === 0;
  }

  end(): void {
    this.#isEnded = true;
  }

  /** After each change: one without data has a minute. */
  changed(isUse: boolean): void {
    if (isUse) this.seenAtMs = Math.max(this.seenAtMs, this.world.now());
    this.#emptyUntilMs = this.isEmpty ? this.world.now() + this.world.emptyMs : Infinity;
  }
}

type Effect = { set: unknown } | { add: number } | 'removed';

/** What a request has to do with a session; `refused`: its token was replaced. */
type Tie = { name: 'new' | 'refused' } | { name: 'gone'; session: ModelSession } | Stored;

interface Stored {
  name: 'stored';
  session: ModelSession;
  generation: number;
  secret: ModelSecret;
}

/** What `regenerate` has asked for. */
interface Pending {
  keep: string[] | undefined;
}

/** What the client must be told, or may not be told, at the end. */
export interface ExpectedTelling {
  kind: 'token' | 'clear' | 'maybe clear' | 'maybe life' | 'nothing';
  secret?: ModelSecret;
}

/** What a request should see and do: a view of its session, and by field what it is going to change. */
export class ModelRequest {
  view: Data = {};
  #tie: Tie = { name: 'new' };
  #pending: Pending | undefined;
  #base: Data = {};
  #effects = new Map<string, Effect>();
  /** Fields that it has given a value of its own, and not only changed a part of what was stored. */
  #assigned = new Set<string>();
  #seenAtMs = 0;
  #renewedAtMs = 0;
  #mustTouch = false;
  #isCurrent = true;
  /** What has happened that the client must hear of, if it is still true at the end. */
  #news: 'token' | 'clear' | undefined;

  constructor(
    private readonly world: ModelWorld,
    asked: ModelSecret | undefined,
  ) {
    const session = asked?.session;
    if (!session?.isAlive) return;
    const { previous, secret } = session;
    const isPrevious = previous?.secret === asked && world.now() < previous!.endsAtMs;
    if (asked === secret || isPrevious) this.#adopt(session, asked!);
    else if (world.now() - session.replacedAtMs < world.replacedMs) this.#tie = { name: 'refused' };
  }

  /** The session that it is to have changed, or changes. */
  get session(): ModelSession | undefined {
    return 'session' in this.#tie ? this.#tie.session : undefined;
  }

  /** The generation that it shows, where that is settled. */
  get generation(): number | undefined {
    return this.#tie.name === 'stored' && !this.#pending ? this.#tie.generation : undefined;
  }

  /** The name of the error that it ends in, if it does. */
  apply(operation: Operation): string | undefined {
    switch (operation.do) {
      case 'set':
        this.#assigned.add(operation.key);
        return this.#set(operation.key, operation.value);
      case 'push': {
        const list = this.view[operation.key] as unknown[];
        return this.#set(operation.key, [...list, operation.value]);
      }
      case 'delete':
        return this.#remove(operation.key);
      case 'increment':
        return this.#increment(operation.key, operation.by);
      case 'clear':
        return Object.keys(this.view).forEach((key) => this.#remove(key)) as undefined;
      case 'touch':
        this.#mustTouch = true;
        return undefined;
      case 'save':
        this.commit();
        return this.#isLost ? 'SessionGoneError' : undefined;
      case 'reload':
        return this.#reload();
      case 'destroy':
        return this.#destroy();
      case 'regenerate':
        return this.#regenerate(operation.keep);
    }
  }

  commit(): void {
    if (this.#tie.name === 'new') return this.#create();
    if (this.#tie.name !== 'stored') return;
    const { session, generation, secret } = this.#tie;
    const isRenewal = !this.#pending && this.#isRenewDue;
    const isIdle = !this.#hasChanges && !this.#pending && !this.#mustTouch && !isRenewal;
    if (isIdle) return;
    if (!session.isAlive || session.generation !== generation) return this.#lose(session);
    const isUse = this.#pending !== undefined || isRenewal || this.#isTouchDue;
    const wasEmpty = session.isEmpty;
    if (this.#pending) this.#replaceSecret(session, this.#pending);
    this.#write(session);
    if (isRenewal && secret === session.secret && !session.isEmpty) this.#renew(session);
    session.changed(isUse);
    this.#isCurrent = this.#tie.secret === session.secret;
    if (isUse) {
      this.#seenAtMs = Math.max(this.world.now(), this.#seenAtMs);
      this.#mustTouch = false;
    }
    if (wasEmpty && !session.isEmpty) this.#news = 'token';
    if (session.isEmpty) this.#news = 'clear';
    this.#base = structuredClone(this.view);
    this.#effects.clear();
  }

  /** The head of the response leaves: a use that is due is written, and what the client hears must be true. */
  close(): ExpectedTelling {
    this.commit();
    if (this.#tie.name === 'refused') return { kind: 'nothing' };
    if (this.#tie.name === 'gone') return { kind: 'nothing' };
    if (this.#tie.name === 'new') return { kind: this.#news === 'clear' ? 'clear' : 'nothing' };
    const { session, generation, secret } = this.#tie as Stored;
    const isDead = !session.isAlive || session.generation !== generation;
    const isViewed = Object.keys(this.view).length > 0;
    const touches = isViewed && this.#isTouchDue && !isDead;
    if (touches) session.changed(true);
    if (isDead && session.isAlive) return { kind: 'nothing' };
    if (isDead) return { kind: this.#news === 'clear' ? 'maybe clear' : 'nothing' };
    const isOwn = secret === session.secret;
    // Who is under way with the secret before may still write, and nobody else will hear of this one.
    if (isOwn && secret.isOfRenewal && secret.token === undefined) return { kind: 'token', secret };
    if (session.isEmpty) return { kind: this.#news === 'clear' ? 'clear' : 'maybe clear' };
    if (!isOwn) return { kind: 'nothing' };
    const mustTell = this.#news === 'token' || secret.token === undefined;
    return { kind: mustTell ? 'token' : 'maybe life', secret };
  }

  get #isLost(): boolean {
    return this.#tie.name === 'gone' || this.#tie.name === 'refused';
  }

  get #isRenewDue(): boolean {
    return this.#isCurrent && this.world.now() - this.#renewedAtMs >= this.world.renewIntervalMs;
  }

  get #isTouchDue(): boolean {
    return this.#mustTouch || this.world.now() - this.#seenAtMs >= this.world.touchIntervalMs;
  }

  /** A sum that comes to nothing is no change, unless it makes the field. */
  get #hasChanges(): boolean {
    return [...this.#effects].some(
      ([key, effect]) =>
        !(typeof effect === 'object' && 'add' in effect) ||
        effect.add !== 0 ||
        !Object.hasOwn(this.#base, key),
    );
  }

  #adopt(session: ModelSession, secret: ModelSecret): void {
    this.#tie = { name: 'stored', session, generation: session.generation, secret };
    this.#isCurrent = secret === session.secret;
    this.#seenAtMs = session.seenAtMs;
    this.#renewedAtMs = session.replacedAtMs;
    this.#mustTouch = false;
    this.view = structuredClone(session.data);
    this.#base = structuredClone(session.data);
    this.#effects.clear();
  }

  #create(): void {
    if (Object.keys(this.view).length === 0) return;
    const session = new ModelSession(this.world, structuredClone(this.view));
    this.#adopt(session, session.secret);
    this.#news = 'token';
  }

  #replaceSecret(session: ModelSession, { keep }: Pending): void {
    session.generation++;
    session.previous = undefined;
    this.#newSecret(session);
    if (keep) {
      const kept = Object.entries(session.data).filter(([key]) => keep.includes(key));
      session.data = Object.fromEntries(kept);
    }
    this.#pending = undefined;
    this.#news = 'token';
  }

  #renew(session: ModelSession): void {
    const endsAtMs = this.world.now() + this.world.renewGraceMs;
    session.previous = { secret: session.secret, endsAtMs };
    this.#newSecret(session, true);
    this.#news = 'token';
  }

  #newSecret(session: ModelSession, isOfRenewal = false): void {
    const secret = new ModelSecret(session, isOfRenewal);
    session.secret = secret;
    session.replacedAtMs = this.#renewedAtMs = this.world.now();
    this.#tie = { name: 'stored', session, generation: session.generation, secret };
  }

  /** Somebody else has ended it. Only who asked for a new token goes on, with what is his own. */
  #lose(session: ModelSession): void {
    this.#news = undefined;
    if (!this.#pending) return void (this.#tie = { name: 'gone', session });
    const own: Data = {};
    for (const [key, effect] of this.#effects) {
      if (effect === 'removed') continue;
      if ('set' in effect) {
        if (this.#assigned.has(key)) own[key] = effect.set;
      } else if (effect.add !== 0 || !Object.hasOwn(this.#base, key)) own[key] = effect.add;
    }
    this.#reset();
    this.view = structuredClone(own);
    this.#assigned = new Set(Object.keys(own));
    this.#create();
  }

  #reload(): string | undefined {
    if (this.#isLost) return 'SessionGoneError';
    if (this.#tie.name !== 'stored') {
      const news = this.#news;
      this.#reset();
      this.#news = news;
      return undefined;
    }
    const { session, generation, secret } = this.#tie;
    if (!session.isAlive || session.generation !== generation) {
      this.#tie = { name: 'gone', session };
      this.#news = undefined;
      return 'SessionGoneError';
    }
    const pending = this.#pending;
    this.#assigned.clear();
    this.#adopt(session, secret);
    if (pending?.keep) this.#retain(pending.keep);
    return undefined;
  }

  #destroy(): undefined {
    // Who brings a replaced token, a late tab, is not to undo the sign-in that replaced it.
    if (this.#tie.name === 'refused') {
      this.view = {};
      this.#assigned.clear();
      return;
    }
    if (this.session) this.session.end();
    this.#reset();
    this.#news = 'clear';
  }

  #regenerate(keep?: string[]): undefined {
    if (this.#isLost) return this.#reset();
    if (keep) this.#retain(keep);
    if (this.#tie.name !== 'stored') return;
    const before = this.#pending?.keep;
    const both = before && keep ? before.filter((key) => keep.includes(key)) : (keep ?? before);
    this.#pending = { keep: both };
  }

  #retain(keep: string[]): void {
    for (const key of Object.keys({ ...this.view, ...this.#base })) {
      if (keep.includes(key)) continue;
      delete this.view[key];
      this.#assigned.delete(key);
      delete this.#base[key];
      this.#effects.delete(key);
    }
  }

  #write(session: ModelSession): void {
    for (const [key, effect] of this.#effects) {
      if (effect === 'removed') delete session.data[key];
      else if ('set' in effect) session.data[key] = structuredClone(effect.set);
      else if (effect.add !== 0 || !Object.hasOwn(this.#base, key))
        session.data[key] = (numberOf(session.data[key]) ?? 0) + effect.add;
    }
  }

  #set(key: string, value: unknown): undefined {
    this.view[key] = value;
    // By text, as the library knows what it has loaded.
    const isStored = JSON.stringify(this.#base[key]) === JSON.stringify(value);
    if (isStored) this.#effects.delete(key);
    else this.#effects.set(key, { set: value });
  }

  #remove(key: string): undefined {
    delete this.view[key];
    this.#assigned.delete(key);
    if (Object.hasOwn(this.#base, key)) this.#effects.set(key, 'removed');
    else this.#effects.delete(key);
  }

  #increment(key: string, by: number): undefined {
    const effect = this.#effects.get(key);
    const sum = (numberOf(this.view[key]) ?? 0) + by;
    if (effect === 'removed' || (effect && 'set' in effect)) {
      this.#assigned.add(key);
      return this.#set(key, sum);
    }
    this.view[key] = sum;
    this.#effects.set(key, { add: (effect?.add ?? 0) + by });
  }

  #reset(): undefined {
    this.#tie = { name: 'new' };
    this.#pending = undefined;
    this.#news = undefined;
    this.#mustTouch = false;
    this.view = {};
    this.#base = {};
    this.#effects.clear();
    this.#assigned.clear();
  }
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
