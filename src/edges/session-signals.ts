import type { EndWatcher } from '../ends/end-watcher.js';
import type { SessionWatcher } from '../ends/watched-session.js';
import { FIELD } from '../backends/session-record.js';
import { SessionEndedError } from '../errors/session-ended.error.js';
import type { ActiveSession } from '../session/active-session.js';
import { lifeOf } from '../session/session-object.js';
import type { Session } from '../session/session.js';

/** For how long a signal is wanted. */
export interface SignalOptions {
  /** When it is aborted, nobody needs the signal any more, which then never aborts. */
  readonly until?: AbortSignal;
}

/** A signal of the session of a request or a socket, for all who ask for one there. */
interface SharedSignal {
  readonly life: ActiveSession;
  readonly signal: AbortSignal;
  /** Once the session is stored. */
  id?: string;
}

/** Signals that abort when a session ends. */
export class SessionSignals {
  readonly #shared = new WeakMap<object, SharedSignal>();

  constructor(private readonly ends: EndWatcher) {}

  /** Of whatever generation the session has by then. */
  ofId(id: string, { until }: SignalOptions = {}): AbortSignal {
    const aborter = new AbortController();
    if (until?.aborted) return aborter.signal;
    const stop = this.ends.watch(id, {
      accepts: () => true,
      ended: (reason) => {
        until?.removeEventListener('abort', stop);
        aborter.abort(new SessionEndedError(id, reason));
      },
    });
    until?.addEventListener('abort', stop, { once: true });
    return aborter.signal;
  }

  /** Of the generation in which a request or a message has a session. One that is not stored yet has no end before. */
  of(session: Promise<Session> | Session): AbortSignal {
    if (!(session instanceof Promise)) return this.#ofLife(lifeOf(session)!);
    const aborter = new AbortController();
    session.then(
      (loaded) => follow(this.#ofLife(lifeOf(loaded)!), aborter),
      (cause: unknown) => aborter.abort(new SessionEndedError(undefined, 'unknown', { cause })),
    );
    return aborter.signal;
  }

  #ofLife(life: ActiveSession): AbortSignal {
    const scope = life.scope ?? life;
    const known = this.#shared.get(scope);
    if (known && (known.id === undefined ? known.life === life : known.id === life.id)) {
      return known.signal;
    }
    const aborter = new AbortController();
    const shared: SharedSignal = { life, signal: aborter.signal };
    this.#shared.set(scope, shared);
    if (life.state === 'gone' || life.state === 'refused') {
      aborter.abort(new SessionEndedError(life.id, 'unknown'));
    }
    life.onceStored(() => this.#begin(shared, aborter));
    return aborter.signal;
  }

  #begin(shared: SharedSignal, aborter: AbortController): void {
    const { life } = shared;
    const { id } = life;
    shared.id = id;
    let generations: string[] = [];
    const watcher: SessionWatcher = {
      accepts: (record) => {
        // Its own change, which is about to be written or has been, is no end; that of another session is no news.
        if (life.id === id) generations = [life.identity.generation, life.generation];
        return generations.includes(record[FIELD.generation]!);
      },
      ended: (reason) => aborter.abort(new SessionEndedError(id, reason)),
    };
    const stop = this.ends.watch(id, watcher, life);
    const { scope } = life;
    scope?.onceOver(() => {
      stop();
      if (this.#shared.get(scope) === shared) this.#shared.delete(scope);
    });
  }
}

function follow(signal: AbortSignal, aborter: AbortController): void {
  const abort = () => aborter.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
}
