import { inspect } from 'node:util';
import { ownLifetime } from './own-lifetime.js';
import { checkPrincipal } from '../principals/principal-name.js';
import type {
  LifetimeOptions,
  RegenerateOptions,
  Session,
  SessionCallback,
  SignInOptions,
} from './session.js';
import type { ActiveSession } from './active-session.js';

const LIFE = Symbol.for('nestjs-server-session:life');

/** The target of the proxy: members live on its prototype, data in the life of the session. */
class SessionTarget {
  readonly [LIFE]: ActiveSession;

  constructor(life: ActiveSession) {
    this[LIFE] = life;
  }

  get id() {
    return used(this).id;
  }
  get generation() {
    return used(this).generation;
  }
  get isNew() {
    return used(this).isNew;
  }
  get createdAt() {
    return new Date(used(this).metadata.createdAtMs);
  }
  get lastSeenAt() {
    return new Date(used(this).metadata.seenAtMs);
  }
  get expiresAt() {
    return new Date(used(this).expiresAtMs);
  }
  get principal() {
    return used(this).principal;
  }
  get signedInAt() {
    const { signedInAtMs } = used(this);
    return signedInAtMs === undefined ? undefined : new Date(signedInAtMs);
  }
  /** By `String(key)`, as a plain object has it: JavaScript may pass a number. */
  get(key: string): unknown {
    return this[LIFE].read().get(String(key));
  }
  set(key: string, value: unknown): void {
    write(this[LIFE], key, value);
  }
  has(key: string): boolean {
    return this[LIFE].read().has(String(key));
  }
  delete(key: string): boolean {
    const fields = this[LIFE].write();
    const had = fields.has(String(key));
    fields.delete(String(key));
    return had;
  }
  update(values: object): void {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new TypeError(
        "A session's data are fields by name: write { userId: 'ada' }, and no list, text or number.",
      );
    }
    const entries = Object.entries(values);
    for (const [key] of entries) checkKey(key);
    for (const [key, value] of entries) write(this[LIFE], key, value);
  }
  clear(): void {
    this[LIFE].clear();
  }
  take(key: string): unknown {
    const value = this.get(key);
    if (value !== undefined) this.delete(key);
    return value;
  }
  setFlash(key: string, value: unknown): void {
    checkKey(key);
    this[LIFE].setFlash(key, value);
  }
  getFlash(key: string): unknown {
    return this[LIFE].getFlash(String(key));
  }
  keepFlash(...keys: readonly string[]): void {
    this[LIFE].keepFlash(keys);
  }
  increment(key: string, by = 1): number {
    checkKey(key);
    if (!Number.isFinite(by)) {
      throw new TypeError(`session.increment('${key}', by): by must be a finite number.`);
    }
    return this[LIFE].write().increment(key, by);
  }
  touch(): this {
    this[LIFE].touch();
    return this;
  }
  lifetime(options: LifetimeOptions): void {
    this[LIFE].setLifetime(ownLifetime(options));
  }
  regenerate(
    options?: RegenerateOptions | readonly string[] | SessionCallback,
    callback?: SessionCallback,
  ): Promise<void> | this {
    if (typeof options === 'function') return this.regenerate(undefined, options);
    return answer(this, this[LIFE].regenerate(fieldsToKeep(options)), callback);
  }
  signIn(principal: string, options: SignInOptions = {}): Promise<void> | this {
    checkPrincipal('session.signIn(principal)', principal);
    const keep = fieldsToKeep(options, 'signIn');
    const { lifetime } = options;
    const own = lifetime && ownLifetime(lifetime);
    return answer(this, this[LIFE].signIn(principal, keep, own));
  }
  signOut(options?: RegenerateOptions): Promise<void> | this {
    return answer(this, this[LIFE].signOut(fieldsToKeep(options, 'signOut')));
  }
  save(callback?: SessionCallback): Promise<void> | this {
    return answer(this, this[LIFE].save(), callback);
  }
  reload(callback?: SessionCallback): Promise<void> | this {
    return answer(this, this[LIFE].reload(), callback);
  }
  destroy(callback?: SessionCallback): Promise<void> | this {
    return answer(this, this[LIFE].destroy(), callback);
  }
  /** Whoever prints a request prints what hangs on it. */
  [inspect.custom](): string {
    return `[Session ${this[LIFE].id}]`;
  }
}

// To everybody but the traps a session is a plain object, whose own prototype nobody can write: what is set there would
// show in every session.
Object.defineProperty(SessionTarget.prototype, 'constructor', { value: Object });
Object.freeze(SessionTarget.prototype);

const MEMBERS: ReadonlySet<PropertyKey> = new Set(
  Reflect.ownKeys(SessionTarget.prototype).filter((key) => key !== 'constructor'),
);

/** Begins the names of what is no data: metadata, and flashes. */
const RESERVED = /^[$~]/;

const traps: ProxyHandler<SessionTarget> = {
  get(target, key, receiver) {
    if (typeof key === 'symbol' || MEMBERS.has(key)) return Reflect.get(target, key, receiver);
    // A promise that resolves to a session asks for `then`, JSON.stringify for `toJSON`: neither is a use by itself.
    const isAsked = key === 'then' || key === 'toJSON';
    const life = target[LIFE];
    if (life.has(key)) return life.read().get(key);
    if (!isAsked) life.read();
    return key === '__proto__' ? undefined : Reflect.get(target, key, receiver);
  },
  set(target, key, value) {
    write(target[LIFE], key, value);
    return true;
  },
  has(target, key) {
    return target[LIFE].read().has(String(key)) || Reflect.has(target, key);
  },
  deleteProperty(target, key) {
    if (typeof key === 'string') target[LIFE].write().delete(key);
    return true;
  },
  ownKeys(target) {
    return target[LIFE].read().keys();
  },
  getOwnPropertyDescriptor(target, key) {
    if (typeof key === 'symbol') return undefined;
    const fields = target[LIFE].read();
    if (!fields.has(key)) return undefined;
    return { value: fields.get(key), writable: true, enumerable: true, configurable: true };
  },
  defineProperty(target, key, descriptor) {
    if ('get' in descriptor || 'set' in descriptor) {
      throw new TypeError(`session.${String(key)} can't be an accessor: a session holds data.`);
    }
    write(target[LIFE], key, descriptor.value);
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
export function createSessionObject(life: ActiveSession): Session {
  return new Proxy(new SessionTarget(life), traps) as unknown as Session;
}

/** What a session object stands for; `undefined` where it is none. */
export function lifeOf(object: object): ActiveSession | undefined {
  return (object as Partial<SessionTarget>)[LIFE];
}

/** Answers by promise, or by callback and with the session, so that calls can be chained as express-session's. */
function answer<T>(
  session: T,
  result: Promise<void>,
  callback?: SessionCallback,
): Promise<void> | T {
  // A failure that nobody looks at must not end the process. It is not lost: what could not be stored is tried again
  // before the response leaves.
  result.then(
    () => callback && queueMicrotask(() => callback()),
    (error: unknown) => callback && queueMicrotask(() => callback(error)),
  );
  return callback ? session : result;
}

/** Notes that the response depends on the session. */
function used(target: SessionTarget): ActiveSession {
  target[LIFE].read();
  return target[LIFE];
}

function write(life: ActiveSession, key: PropertyKey, value: unknown): void {
  checkKey(key);
  life.write().set(key, value);
}

/** As an option, or as @fastify/session's callers say it: a list. */
function fieldsToKeep(
  options: RegenerateOptions | readonly string[] = {},
  member = 'regenerate',
): readonly string[] | undefined {
  const keep: unknown = Array.isArray(options) ? options : (options as RegenerateOptions).keep;
  if (keep === undefined || (Array.isArray(keep) && keep.every((key) => typeof key === 'string'))) {
    return keep;
  }
  throw new TypeError(
    `session.${member}: keep must be a list of fields, such as { keep: ['cart'] }.`,
  );
}

/** Whether data can have a name. */
export function isFieldName(name: string): boolean {
  return !MEMBERS.has(name) && name !== '__proto__' && !RESERVED.test(name);
}

/** @throws TypeError where data can't have a name */
export function checkKey(key: PropertyKey): asserts key is string {
  if (typeof key !== 'string') {
    throw new TypeError(`A session can't hold ${String(key)}: only text keys are stored.`);
  }
  if (MEMBERS.has(key) || key === '__proto__') {
    throw new TypeError(
      `session.${key} is a member of every session. Choose another name for the data.`,
    );
  }
  if (RESERVED.test(key)) {
    throw new TypeError(
      `"${key}": names that begin with ${key[0]} are reserved. Choose another name.`,
    );
  }
}
