import { check } from './checker/index.js';
import type { Violation } from './checker/violation.js';
import type { History, HistoryEvent, RequestEvent } from './history.js';

/** Checks are cheap on what is left, but not for nothing. */
const MAX_CHECKS = 300;

/**
 * Cuts a history down to what shows a violation (delta debugging: ever smaller parts are left out as long as the checker
 * finds the same). Leaving out what would excuse a violation can't mislead: the whole history has no excuse.
 */
export function minimize(history: History, violation: Violation): History {
  let checks = 0;
  const stillShows = (events: readonly HistoryEvent[]) => {
    checks++;
    return check({ ...history, events }).violations.some((each) => isSame(each, violation));
  };
  let events: readonly HistoryEvent[] =
    [...guesses(history, violation)].find(stillShows) ?? history.events;
  for (let size = Math.ceil(events.length / 2); size >= 1;) {
    const before = events.length;
    for (let start = 0; start < events.length && checks < MAX_CHECKS;) {
      const left = events.toSpliced(start, size);
      if (stillShows(left)) events = left;
      else start += size;
    }
    if (checks >= MAX_CHECKS) break;
    // Once more with the smallest parts where something could be left out.
    if (size > 1) size = Math.ceil(size / 2);
    else if (events.length === before) break;
  }
  return { ...history, events: withFaults(events, history) };
}

/** With the faults that were about at the time, which help to understand it, whether or not the checker needs them. */
function withFaults(events: readonly HistoryEvent[], history: History): HistoryEvent[] {
  const requests = events.filter((event) => event.type === 'request' || event.type === 'watch');
  const fromMs = Math.min(...requests.map(({ askedMs }) => askedMs));
  const toMs = Math.max(...requests.map(({ askedMs, endMs = askedMs }) => endMs));
  const faults = history.events.filter((event) => {
    if (event.type === 'nemesis') return event.fromMs <= toMs && (event.toMs ?? Infinity) >= fromMs;
    return (
      event.type === 'crash' &&
      (requests.length === 0 || (fromMs <= event.atMs && event.atMs <= toMs))
    );
  });
  return [...requests, ...faults];
}

/** Ever larger parts that may be enough: what it names and who gave it its tokens, its session, its browsers. */
function* guesses(
  { events }: History,
  { requests, session }: Violation,
): Generator<HistoryEvent[]> {
  const named = new Set(requests);
  const all = events.filter((event) => event.type === 'request');
  const tokens = new Set(all.flatMap(({ n, token }) => (named.has(n) && token ? [token] : [])));
  const browsers = new Set(all.flatMap(({ n, browser }) => (named.has(n) ? [browser] : [])));
  const having = (isIn: (request: RequestEvent) => boolean) =>
    events.filter((event) => event.type !== 'request' || named.has(event.n) || isIn(event));
  yield having(({ cookie }) => typeof cookie === 'object' && tokens.has(cookie.token));
  yield having(({ sight, reports }) => {
    return sight?.id === session || (reports ?? []).some(({ id }) => id === session);
  });
  yield having(({ browser }) => browsers.has(browser));
}

function isSame(one: Violation, other: Violation): boolean {
  return (
    one.promise === other.promise &&
    one.requests[0] === other.requests[0] &&
    one.requests[1] === other.requests[1]
  );
}
