import { inspect } from 'node:util';
import type { ActiveSession } from './active-session.js';
import { ownLifetime } from './own-lifetime.js';
import type { LifetimeOptions, RegenerateOptions, Session, SessionCallback } from './session.js';

const ACTIVE = Symbol('ActiveSession');

/** Runs an operation that answers by promise and, where a callback is given, by callback too. */
function answer(result: Promise<void>, callback?: SessionCallback): Promise<void> {
  // A failure that nobody looks at must not end the process. It is not lost: what could not be stored is tried again
  // before the response leaves.
  result.then(
    () => callback && queueMicrotask(() => callback()),
    (error: unknown) => callback && queueMicrotask(() => callback(error)),
  );
  return result;
}

/** The target of the proxy: members live on its prototype, data in the active session. */
class SessionTarget {
  readonly [ACTIVE]: ActiveSession;

  constructor(active: ActiveSession) {
    this[ACTIVE] = active;
  }

  get id() {
    return use(this).id;
  }
  get isNew() {
    return use(this).isNew;
  }
  get createdAt() {
    return new Date(use(this).clock.metadata.createdAtMs);
  }
  get lastSeenAt() {
    return new Date(use(this).clock.metadata.seenAtMs);
  }
  get expiresAt() {
    return new Date(use(this).clock.expiresAtMs);
  }
  get(key: string): unknown {
    return use(this).fields.get(key);
  }
  set(key: string, value: unknown): void {
    write(use(this), key, value);
  }
  has(key: string): boolean {
    return use(this).fields.has(key);
  }
  delete(key: string): boolean {
    const { fields } = use(this);
    const had = fields.has(key);
    fields.delete(key);
    return had;
  }
  update(values: object): void {
    const entries = Object.entries(values);
    for (const [key] of entries) checkKey(key);
    for (const [key, value] of entries) write(use(this), key, value);
  }
  clear(): void {
    const { fields } = use(this);
    for (const key of fields.keys()) fields.delete(key);
  }
  take(key: string): unknown {
    const { fields } = use(this);
    const value = fields.get(key);
    fields.delete(key);
    return value;
  }
  increment(key: string, by = 1): number {
    checkKey(key);
    if (!Number.isFinite(by)) {
      throw new TypeError(`session.increment('${key}', by): by must be a finite number.`);
    }
    return use(this).fields.increment(key, by);
  }
  touch(): void {
    use(this).clock.touch();
  }
  lifetime(options: LifetimeOptions): void {
    use(this).clock.setLifetime(ownLifetime(options));
  }
  regenerate(
    options?: RegenerateOptions | SessionCallback,
    callback?: SessionCallback,
  ): Promise<void> {
    if (typeof options === 'function') return this.regenerate(undefined, options);
    return answer(use(this).regenerate(options?.keep), callback);
  }
  save(callback?: SessionCallback): Promise<void> {
    return answer(use(this).save(), callback);
  }
  reload(callback?: SessionCallback): Promise<void> {
    return answer(use(this).reload(), callback);
  }
  destroy(callback?: SessionCallback): Promise<void> {
    return answer(use(this).destroy(), callback);
  }
  [inspect.custom](): unknown {
    const { fields } = this[ACTIVE];
    return Object.fromEntries(fields.keys().map((key) => [key, fields.get(key)]));
  }
}

// To everybody but the traps a session is a plain object, whose own prototype nobody can write: what is set there would
// show in every session.
Object.defineProperty(SessionTarget.prototype, 'constructor', { value: Object });
Object.freeze(SessionTarget.prototype);

const MEMBERS: ReadonlySet<PropertyKey> = new Set(
  Reflect.ownKeys(SessionTarget.prototype).filter((key) => key !== 'constructor'),
);

const traps: ProxyHandler<SessionTarget> = {
  get(target, key, receiver) {
    if (typeof key === 'symbol' || MEMBERS.has(key)) return Reflect.get(target, key, receiver);
    if (target[ACTIVE].fields.has(key)) return use(target).fields.get(key);
    // A promise that resolves to a session asks for `then`, JSON.stringify for `toJSON`: neither is a use.
    if (key !== 'then' && key !== 'toJSON') use(target);
    return key === '__proto__' ? undefined : Reflect.get(target, key, receiver);
  },
  set(target, key, value) {
    write(use(target), key, value);
    return true;
  },
  has(target, key) {
    return use(target).fields.has(String(key)) || Reflect.has(target, key);
  },
  deleteProperty(target, key) {
    if (typeof key === 'string') use(target).fields.delete(key);
    return true;
  },
  ownKeys(target) {
    return use(target).fields.keys();
  },
  getOwnPropertyDescriptor(target, key) {
    if (typeof key === 'symbol' || !use(target).fields.has(key)) return undefined;
    const value = target[ACTIVE].fields.get(key);
    return { value, writable: true, enumerable: true, configurable: true };
  },
  defineProperty(target, key, descriptor) {
    if ('get' in descriptor || 'set' in descriptor) {
      throw new TypeError(`session.${String(key)} can't be an accessor: a session holds data.`);
    }
    write(use(target), key, descriptor.value);
    return true;
  },
  setPrototypeOf() {
    throw new TypeError("A session's prototype can't be changed.");
  },
  preventExtensions() {
    throw new TypeError("A session can't be frozen or sealed. Copy its data: { ...session }");
  },
};

/** The object that users see: a plain object of the session's data that also has the session's members. */
export function createSessionObject(active: ActiveSession): Session {
  return new Proxy(new SessionTarget(active), traps) as unknown as Session;
}

/** Notes that the response depends on the session. */
function use(target: SessionTarget): ActiveSession {
  const active = target[ACTIVE];
  active.isUsed = true;
  return active;
}

function write(active: ActiveSession, key: PropertyKey, value: unknown): void {
  checkKey(key);
  active.fields.set(key, value);
}

function checkKey(key: PropertyKey): asserts key is string {
  if (typeof key !== 'string') {
    throw new TypeError(`A session can't hold ${String(key)}: only text keys are stored.`);
  }
  if (MEMBERS.has(key) || key === '__proto__') {
    throw new TypeError(
      `session.${key} is a member of every session. Choose another name for the data.`,
    );
  }
  if (key.startsWith('$')) {
    throw new TypeError(`"${key}": names that begin with $ are reserved. Choose another name.`);
  }
}
