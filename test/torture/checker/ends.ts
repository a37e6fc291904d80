import type { WatchEvent } from '../history.js';
import { lastAliveMs } from './clocks.js';
import { isEnd } from './deeds.js';
import type { KnownEnding } from './known.js';
import type { Model } from './model.js';
import type { Verdict, Violation } from './violation.js';

/** How soon an end is told where all is well: the rest is for a machine that is busy with all of this at once. */
const AT_ONCE_MS = 1_000;
/** How long all must have been well until then. */
const RECOVERED_MS = 6_000;
/** How long all must be well after a fault until each end is told: pauses of 5 s, by docs/ends.md, and asking. */
const CALM_MS = 5_500;

/**
 * Who watches a session is told of each end that comes after it was read, and of no other. A signal of its id is told of the
 * session's end; a socket also of a new generation, as whoever opened it may be somebody else. A renewal is neither.
 */
export function checkEnds(model: Model): Verdict {
  const violations: Violation[] = [];
  let ends = 0;
  let causes = 0;
  for (const watch of model.watches) {
    const { sight, told } = watch;
    if (!sight || sight.isNew) continue;
    const session = model.lineage.of(sight.id);
    for (const due of dueTimes(model, watch, session)) {
      const isInTime = (watch.endMs ?? Infinity) <= due.untilMs;
      // Nobody knows of who has left by then, and of what would have come after the last look.
      if (due.untilMs > model.lastMs || (isInTime && told === undefined)) continue;
      ends++;
      if (!isInTime) violations.push(missed(watch, session, due));
    }
    if (told === undefined) continue;
    causes++;
    if (!hasCause(model, watch, session)) violations.push(causeless(watch, session));
  }
  return { violations, checked: { 'told-in-time': ends, 'told-for-cause': causes } };
}

/** An end of which a watcher is to be told, and by when. */
interface Due {
  readonly untilMs: number;
  readonly how: string;
  /** The request that ended the session; `undefined` for time. */
  readonly n?: number;
}

function dueTimes(model: Model, watch: WatchEvent, session: string): Due[] {
  const sight = watch.sight!;
  const endings = model
    .endingsOf(session)
    .filter((each) => each.isSure && concerns(each, watch) && isLater(model, each, watch))
    .map(({ n, kind, ackMs }) => {
      return { n, how: kind, untilMs: dueMs(model, Math.max(ackMs, sight.toMs), watch.app) };
    });
  const overMs = Math.max(lastAliveMs(model, session), sight.toMs);
  const isKnown = overMs < Infinity;
  return isKnown
    ? [...endings, { how: 'time', untilMs: dueMs(model, overMs, watch.app) }]
    : endings;
}

function concerns(ending: Pick<KnownEnding, 'kind'>, { form }: WatchEvent): boolean {
  return isEnd(ending) || form === 'socket';
}

/** Whether the session that was watched was certainly the one that was ended, and not yet ended by then. */
function isLater(model: Model, { n, kind, fromMs }: KnownEnding, { sight }: WatchEvent): boolean {
  if (fromMs <= sight!.toMs) return false;
  if (kind === 'revoke' || kind === 'revokeAll' || kind === 'limit') return true;
  // A request that holds another generation may end nothing of this one.
  return model.request(n).sight?.generation === sight!.generation;
}

/** By when an end of a certain time is told to an application, what a fault holds up too. */
function dueMs(model: Model, atMs: number, app: number): number {
  const isCalm = (fromMs: number, toMs: number) => !model.isDisturbed(fromMs, toMs, app);
  if (isCalm(atMs - RECOVERED_MS, atMs + AT_ONCE_MS)) return atMs + AT_ONCE_MS;
  const overTimes = model.nemeses.flatMap(({ toMs = Infinity }) => (toMs > atMs ? [toMs + 1] : []));
  const starts = [atMs, ...overTimes].sort((a, b) => a - b);
  const start = starts.find((ms) => isCalm(ms, ms + CALM_MS)) ?? Infinity;
  return start + CALM_MS;
}

/** Whether something may have ended what was watched before it was told so. */
function hasCause(model: Model, watch: WatchEvent, session: string): boolean {
  const [sight, endMs] = [watch.sight!, watch.endMs!];
  if (model.isExempt(sight.fromMs, endMs) || !model.uses.isAliveAt(session, endMs)) return true;
  return model
    .endingsOf(session)
    .some((ending) => concerns(ending, watch) && ending.fromMs <= endMs);
}

function missed({ n, form }: WatchEvent, session: string, { n: by, ...due }: Due): Violation {
  const cause = by === undefined ? 'that time' : `that request ${by}`;
  return {
    promise: 'told-in-time',
    session,
    what: `the ${form} ${n} was not told in time ${cause} had ended its session (${due.how})`,
    requests: by === undefined ? [n] : [n, by],
    shownMs: due.untilMs,
  };
}

function causeless({ n, form, told, endMs }: WatchEvent, session: string): Violation {
  return {
    promise: 'told-for-cause',
    session,
    what: `the ${form} ${n} was told that its session had ended (${told}), which went on`,
    requests: [n],
    shownMs: endMs!,
  };
}
