import {
  AtomicAdapter,
  type AtomicSessionBackend,
  type IndexedBackend,
  type Lifetime,
  type PrincipalIndex,
  type SessionBackend,
  type SessionChange,
  type SessionRecord,
  type UpdateResult,
} from 'nestjs-server-session';
import { endsOf } from '../../src/backends/local-ends.js';
import { LocalPrincipalIndex } from '../../src/backends/local-principal-index.js';
import type { SessionEnds, TellingBackend } from '../../src/backends/session-ends.js';

/** `touch`: an update that changes no data. The last ones are those of the index of principals. */
type Write =
  'set' | 'delete' | 'end' | 'create' | 'update' | 'touch' | 'enter' | 'extend' | 'leave' | 'fence';

/** A point where somebody waits until the test lets them go on. */
export class Gate {
  #open!: () => void;
  #reached!: () => void;
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));
  /** Settles when somebody waits here. */
  readonly reached = new Promise<void>((resolve) => (this.#reached = resolve));

  open(): void {
    this.#open();
  }

  async pass(): Promise<void> {
    this.#reached();
    await this.#opened;
  }
}

/** A backend whose writes a test can hold or make fail. */
export class GatedBackend implements AtomicSessionBackend, IndexedBackend, TellingBackend {
  /** Called before every write. */
  beforeWrite: (method: Write) => Promise<void> = async () => {};
  /** Called after every write, before it is answered. */
  afterWrite: () => Promise<void> = async () => {};
  /** Called before every read. */
  beforeRead: () => Promise<void> = async () => {};
  /** Called after every read, before it is answered. */
  afterRead: () => Promise<void> = async () => {};
  /** The writes that were asked for, in order. */
  readonly writes: Write[] = [];
  /** Without those by which a session is asked for again, where its answer takes long: a busy machine is enough for that. */
  get changes(): Write[] {
    return this.writes.filter((write) => write !== 'touch');
  }
  readonly principals: PrincipalIndex = this.#recorded(new LocalPrincipalIndex());
  /** How many reads were asked for. */
  reads = 0;
  readonly ends: SessionEnds;
  /** How many listen to its ends. */
  listeners = 0;
  readonly #inner: AtomicSessionBackend;

  /** @param isTelling whether whoever listens to its ends hears of any */
  constructor(
    inner: SessionBackend,
    private readonly isTelling = true,
  ) {
    this.#inner = 'create' in inner ? (inner as AtomicSessionBackend) : new AtomicAdapter(inner);
    this.ends = this.#countedEnds(endsOf(this.#inner));
  }

  async get(id: string): Promise<SessionRecord | null> {
    this.reads++;
    await this.beforeRead();
    const record = await this.#inner.get(id);
    await this.afterRead();
    return record;
  }
  set(id: string, record: SessionRecord, ttl: number): Promise<void> {
    return this.#write('set', () => this.#inner.set(id, record, ttl));
  }
  delete(id: string): Promise<void> {
    return this.#write('delete', () => this.#inner.delete(id));
  }
  create(id: string, record: SessionRecord, ttl: number, deadlineMs?: number): Promise<boolean> {
    return this.#write('create', () => this.#inner.create(id, record, ttl, deadlineMs));
  }
  update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs?: number,
  ): Promise<UpdateResult> {
    const run = () => this.#inner.update(id, change, lifetime, deadlineMs);
    return this.#write(isTouch(change) ? 'touch' : 'update', run);
  }
  now(): number {
    return this.#inner.now?.() ?? Date.now();
  }
  syncClock(): Promise<void> | undefined {
    return this.#inner.syncClock?.();
  }

  #countedEnds(ends: SessionEnds): SessionEnds {
    return {
      end: (...args) => this.#write('end', () => ends.end(...args)),
      listen: (listener) => {
        this.listeners++;
        const stop = this.isTelling ? ends.listen(listener) : () => {};
        return () => {
          this.listeners--;
          stop();
        };
      },
    };
  }

  #recorded(index: PrincipalIndex): PrincipalIndex {
    return {
      enter: (...args) => this.#write('enter', () => index.enter(...args)),
      extend: (...args) => this.#write('extend', () => index.extend(...args)),
      leave: (...args) => this.#write('leave', () => index.leave(...args)),
      fence: (...args) => this.#write('fence', () => index.fence(...args)),
      entries: (...args) => index.entries(...args),
    };
  }

  async #write<T>(method: Write, run: () => Promise<T>): Promise<T> {
    this.writes.push(method);
    await this.beforeWrite(method);
    const answer = await run();
    await this.afterWrite();
    return answer;
  }
}

function isTouch({ set, remove, increment, keep, secret }: SessionChange): boolean {
  const changed = [...Object.keys(set), ...remove, ...Object.keys(increment)];
  return changed.length === 0 && !keep && !secret;
}
