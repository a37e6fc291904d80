import type { Kind, Left, Sight, Step, StepReport } from './program.js';

/**
 * What became of a request, in Jepsen's words. `ok`: the client has an answer that says so. `fail`: it never reached
 * the application. `info`: nobody knows; a 503 is of this sort, too.
 */
export type Outcome = 'ok' | 'fail' | 'info';

/** A Set-Cookie, its token by a name: the same text has the same name in all of a history. */
export type CookieChange = { readonly token: string; readonly maxAge?: number } | 'cleared';

/** One request of a browser. Times are those of `nowMs`, the same in all processes. */
export interface RequestEvent {
  readonly type: 'request';
  readonly n: number;
  readonly browser: number;
  /** Which application process, and how it is made. */
  readonly app: number;
  readonly kind: Kind;
  readonly steps: readonly Step[];
  /** The token that it brought. */
  readonly token?: string;
  /** When it was sent. */
  readonly askedMs: number;
  /** When the head of its answer was there. */
  headMs?: number;
  /** When its answer was complete, or failed. */
  endMs?: number;
  outcome: Outcome;
  status?: number;
  cookie?: CookieChange;
  /** Why there is no answer: `aborted` by the client itself, or the connection's error. */
  failure?: string;
  /** What the handler saw when it began; `undefined` where it never did, or its process could not tell. */
  sight?: Sight;
  reports?: readonly StepReport[];
  /**
   * The session that it has left: where somebody else had ended its own, what was set for the new token that `regenerate`
   * asked for is in a new one. `undefined` where its process could not tell.
   */
  left?: Left;
  /** When the handler had done its steps and began to answer. */
  answeredMs?: number;
}

/** Somebody who waits for the end of a session, for as long as it takes. */
export interface WatchEvent {
  readonly type: 'watch';
  /** Of the same numbers as requests; that of its request where a handler waits. */
  readonly n: number;
  readonly browser: number;
  readonly app: number;
  /** A socket is of the generation that its handshake brought, a handler's signal of the session whatever comes. */
  readonly form: 'socket' | 'signal';
  readonly token?: string;
  readonly askedMs: number;
  /** The session that is watched, as it was read; `undefined` where nobody knows. */
  sight?: Sight;
  /** When it was told, or cut, or nobody waited any longer; `undefined` for never. */
  endMs?: number;
  /** With which words it was told of the end; `undefined` where it was not told. */
  told?: string;
}

/** Something that a nemesis did. */
export interface NemesisEvent {
  readonly type: 'nemesis';
  readonly name: string;
  readonly fromMs: number;
  /** When it was over; `undefined` while it goes on. */
  toMs?: number;
  /** The application process that it was about. */
  readonly app?: number;
  /** Whether requests of that process may get no answer. */
  readonly cutsAnswers?: boolean;
  /** Between these times Redis certainly answered, and refused each write. */
  refuses?: { readonly fromMs: number; readonly toMs: number };
  /** Whether what had been acknowledged shortly before may be lost: a primary's end before it had replicated. */
  readonly losesTail?: boolean;
}

/** An application process ended though nobody ended it. */
export interface CrashEvent {
  readonly type: 'crash';
  readonly app: number;
  readonly atMs: number;
  readonly what: string;
}

export type HistoryEvent = RequestEvent | WatchEvent | NemesisEvent | CrashEvent;

/** What the checker has to know of how the applications were made. */
export interface Bounds {
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly touchMs: number;
  /** `Infinity` for never; the shortest of all processes. */
  readonly renewMs: number;
  readonly graceMs: number;
  readonly backendTimeoutMs: number;
  /** How many sessions a principal may have; `Infinity` where there is no limit. */
  readonly maxSessions: number;
  readonly onLimit: 'end-oldest' | 'refuse';
}

export interface History {
  readonly bounds: Bounds;
  readonly events: readonly HistoryEvent[];
  /** What the server wrote: no evidence for the checker, which judges by what clients see, but for whoever looks further. */
  readonly log?: string | undefined;
}
