import type {
  Bounds,
  CookieChange,
  History,
  HistoryEvent,
  Outcome,
  RequestEvent,
  WatchEvent,
} from '../../torture/history.js';
import type { PromiseName } from '../../torture/checker/violation.js';
import type { Kind, Left, Sight, Step, StepReport } from '../../torture/program.js';

export const BOUNDS: Bounds = {
  idleMs: 3_600_000,
  absoluteMs: 7_200_000,
  touchMs: 1_000,
  renewMs: Infinity,
  graceMs: 30_000,
  backendTimeoutMs: 700,
  maxSessions: Infinity,
  onLimit: 'end-oldest',
};

type Fields = Sight['fields'];

/** A request, as short as it can be written; what is not said is as it mostly is. */
export interface Written {
  readonly browser?: number;
  readonly app?: number;
  readonly kind?: Kind;
  readonly token?: string;
  /** The session's id; `S` where it is missing. */
  readonly id?: string;
  /** What its handler saw; a session that is new where it is missing. */
  readonly saw?: Fields;
  /** Whose it saw the session to be. */
  readonly principal?: string;
  readonly steps?: readonly Step[];
  /** When the handler came to its steps; at its end where it is missing. */
  readonly stepMs?: number;
  /** What each `reload` or `peek` saw; `null` for nothing. */
  readonly found?: Fields | null;
  /** What each `list` gave: ids, and whose the sessions are. */
  readonly listed?: Readonly<Record<string, string>>;
  /** How the last step failed. */
  readonly error?: string;
  readonly idAfter?: string;
  /** Which session the request left; as after its steps where it is missing. */
  readonly left?: Left;
  readonly generation?: string;
  readonly status?: number;
  readonly cookie?: CookieChange;
  /** The client's end, where there was no answer. */
  readonly failure?: string;
  readonly outcome?: Outcome;
}

/** A request from when it was sent until its answer was there. */
export function ask(n: number, askedMs: number, headMs: number, written: Written): RequestEvent {
  const { browser = 0, app = 0, kind = 'value', steps = [], token, cookie, failure } = written;
  const { id = 'S', saw, idAfter = id, stepMs = headMs - 2, status = 200, generation } = written;
  const isNew = saw === undefined;
  const known = generation === undefined ? {} : { generation };
  const sight: Sight = {
    fromMs: askedMs,
    toMs: askedMs + 1,
    id,
    isNew,
    ...known,
    ...(written.principal !== undefined && { principal: written.principal }),
    fields: saw ?? {},
  };
  const reports = steps.map((step, index): StepReport => {
    const isLast = index === steps.length - 1;
    const report = {
      fromMs: stepMs,
      toMs: stepMs + 1,
      id: idAfter,
      isNew,
      ...(isLast && written.error !== undefined && { error: written.error }),
      ...(step.op === 'revokeAll' && step.others && { except: id }),
      ...(step.op === 'list' && { listed: listed(written.listed, stepMs) }),
    };
    if (written.found === undefined || (step.op !== 'reload' && step.op !== 'peek')) return report;
    const found = step.op === 'peek' ? step.id : id;
    const times = { fromMs: stepMs, toMs: stepMs + 1, id: found, isNew: false };
    return { ...report, sight: written.found && { ...times, fields: written.found } };
  });
  const answer = failure === undefined ? { headMs, status } : { failure };
  return {
    type: 'request',
    n,
    browser,
    app,
    kind,
    steps,
    askedMs,
    endMs: headMs,
    ...answer,
    outcome: written.outcome ?? (failure !== undefined || status === 503 ? 'info' : 'ok'),
    sight,
    reports,
    left: written.left ?? { id: idAfter, isNew },
    answeredMs: headMs - 1,
    ...(token !== undefined && { token }),
    ...(cookie !== undefined && { cookie }),
  };
}

/** Somebody who watches the session S from a time on; until when, where that is given. */
export function watch(
  n: number,
  askedMs: number,
  more: Partial<WatchEvent> & { generation?: string } = {},
): WatchEvent {
  const { generation, ...event } = more;
  const seen: Sight = { fromMs: askedMs, toMs: askedMs + 1, id: 'S', isNew: false, fields: {} };
  const sight = generation === undefined ? seen : { ...seen, generation };
  const from = { browser: 0, app: 0, form: 'socket', token: 't1', askedMs } as const;
  return { type: 'watch', n, ...from, sight, ...event };
}

function listed(sessions: Readonly<Record<string, string>> = {}, fromMs: number): Sight[] {
  return Object.entries(sessions).map(([id, principal]) => {
    return { fromMs, toMs: fromMs + 1, id, isNew: false, principal, fields: {} };
  });
}

/** A history that is right, or breaks one promise. */
export interface Case {
  readonly name: string;
  readonly events: readonly HistoryEvent[];
  readonly bounds?: Partial<Bounds>;
  /** The promise that is broken; none where it is missing. */
  readonly broken?: PromiseName;
}

/** Where most histories begin: browser 0 makes the session S, which holds `home`, and gets the token t1. */
export const MADE = ask(1, 0, 10, {
  steps: [{ op: 'set', key: 'home', value: 'b0.1.1' }],
  cookie: { token: 't1' },
});
export const HOME = { home: 'b0.1.1' };

export function set(key: string, value: string): Step {
  return { op: 'set', key, value };
}

export function historyOf(events: readonly HistoryEvent[], bounds: Partial<Bounds> = {}): History {
  return { bounds: { ...BOUNDS, ...bounds }, events };
}
