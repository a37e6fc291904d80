import { describe, expect, it } from 'vitest';
import { check } from '../../torture/checker/index.js';
import type { NemesisEvent, RequestEvent } from '../../torture/history.js';
import type { Step } from '../../torture/program.js';
import { PRINCIPAL_CASES } from './principal-cases.js';
import { WATCH_CASES } from './watch-cases.js';
import { ask, type Case, historyOf, HOME, MADE, set } from './written-history.js';

const WITH_TOKEN = { token: 't1', saw: HOME };
const INCREMENT: Step = { op: 'increment', key: 'hits', by: 2 };
const REGENERATE: Step = { op: 'regenerate' };
const DESTROY: Step = { op: 'destroy' };
const SPOIL: Step = { op: 'spoil', key: 'spoiled' };
const RED = set('color', 'b0.2.1');
const BLUE = set('color', 'b0.3.1');

function nemesis(fromMs: number, toMs: number, more: Partial<NemesisEvent> = {}): NemesisEvent {
  return { type: 'nemesis', name: 'test', fromMs, toMs, ...more };
}

const read = (n: number, atMs: number, fields: Record<string, string | number>, token = 't1') =>
  ask(n, atMs, atMs + 5, { token, saw: { ...HOME, ...fields } });
const lost = (n: number, atMs: number, token = 't1') =>
  ask(n, atMs, atMs + 5, { token, id: `new${n}` });

const signIn = ask(2, 100, 110, { ...WITH_TOKEN, steps: [REGENERATE], cookie: { token: 't2' } });
const signOut = ask(2, 100, 110, { ...WITH_TOKEN, steps: [DESTROY], cookie: 'cleared' });

/** A request whose process was killed: nobody knows how far it came. */
function killed(event: RequestEvent): RequestEvent {
  const { reports: _, left: __, ...asked } = event;
  return asked;
}

const CASES: readonly Case[] = [
  {
    name: 'fields that were to go on in a new session, by a process that was killed',
    events: [
      MADE,
      read(2, 20, {}),
      nemesis(50, 60, { app: 0, cutsAnswers: true }),
      killed(
        ask(3, 30, 60, {
          ...WITH_TOKEN,
          steps: [{ op: 'signOut', keep: ['home'] }],
          failure: 'ECONNRESET',
        }),
      ),
    ],
  },
  {
    name: 'a sign-in that goes on in a new session, where another had come before it',
    events: [
      MADE,
      signIn,
      ask(3, 101, 115, {
        ...WITH_TOKEN,
        steps: [RED, REGENERATE, BLUE],
        left: { id: 'N', isNew: true },
        cookie: { token: 't3' },
      }),
      ask(4, 120, 125, { token: 't3', id: 'N', saw: { color: 'b0.3.1' } }),
      read(5, 130, {}, 't2'),
    ],
  },
  {
    name: 'a sign-in that went on in a new session, of which nothing is seen there',
    events: [
      MADE,
      signIn,
      ask(3, 101, 115, {
        ...WITH_TOKEN,
        steps: [REGENERATE, BLUE],
        left: { id: 'N', isNew: true },
        cookie: { token: 't3' },
      }),
      ask(4, 120, 125, { token: 't3', id: 'N', saw: { other: 'b0.9.9' } }),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'a write that the next request sees',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED] }),
      read(3, 120, { color: 'b0.2.1' }),
    ],
  },
  {
    name: 'an acknowledged write that the next request does not see',
    events: [MADE, ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED] }), read(3, 120, {})],
    broken: 'no-lost-write',
  },
  {
    name: 'a read that was sent before the write was acknowledged',
    events: [MADE, ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED] }), read(3, 109, {})],
  },
  {
    name: 'a write that was saved, unseen while its answer is still under way',
    events: [
      MADE,
      ask(2, 100, 500, { ...WITH_TOKEN, steps: [RED, { op: 'save' }], stepMs: 110 }),
      read(3, 200, {}),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'two writes at once, of which either is last',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED] }),
      ask(3, 105, 115, { ...WITH_TOKEN, steps: [BLUE], stepMs: 107 }),
      read(4, 120, { color: 'b0.2.1' }),
    ],
  },
  {
    name: 'an older value after a newer one was acknowledged',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED] }),
      ask(3, 120, 130, { ...WITH_TOKEN, steps: [BLUE] }),
      read(4, 140, { color: 'b0.2.1' }),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'a value that somebody saw, gone though nobody acknowledged or deleted it',
    events: [
      MADE,
      ask(2, 100, 150, { ...WITH_TOKEN, steps: [RED], failure: 'aborted', stepMs: 105 }),
      read(3, 160, { color: 'b0.2.1' }),
      read(4, 170, {}),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'a delete of a field that its handler did not see, beside a write',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [{ op: 'clear' }] }),
      ask(3, 101, 112, { ...WITH_TOKEN, steps: [BLUE] }),
      ask(4, 120, 125, { token: 't1', saw: {} }),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'a session emptied, and its token then leads to none',
    events: [MADE, ask(2, 100, 110, { ...WITH_TOKEN, steps: [{ op: 'clear' }] }), lost(3, 120)],
  },
  {
    name: 'a session that its token no longer leads to',
    events: [MADE, lost(2, 120)],
    broken: 'no-lost-write',
  },
  {
    name: 'a write under the end of its session by another request',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED] }),
      ask(3, 99, 112, { ...WITH_TOKEN, steps: [DESTROY] }),
      lost(4, 120),
    ],
  },
  {
    name: 'a write that was acknowledged just before its primary was killed, lost',
    events: [
      MADE,
      ask(2, 5_000, 5_010, { ...WITH_TOKEN, steps: [RED] }),
      nemesis(5_100, 7_000, { losesTail: true }),
      read(3, 8_000, {}),
    ],
  },
  {
    name: 'a write that was acknowledged long before its primary was killed, lost',
    events: [
      MADE,
      ask(2, 3_000, 3_010, { ...WITH_TOKEN, steps: [RED] }),
      nemesis(5_100, 7_000, { losesTail: true }),
      read(3, 8_000, {}),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'a write that got 503, seen later where nothing newer was written',
    events: [
      MADE,
      nemesis(90, 120),
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED], status: 503 }),
      read(3, 120, {}),
      read(4, 200, { color: 'b0.2.1' }),
    ],
  },
  {
    name: 'a write that got 503, stored over a newer one that was acknowledged',
    events: [
      MADE,
      nemesis(90, 120),
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED], status: 503 }),
      ask(3, 120, 130, { ...WITH_TOKEN, steps: [BLUE] }),
      read(4, 140, { color: 'b0.3.1' }),
      read(5, 150, { color: 'b0.2.1' }),
    ],
    broken: 'no-late-write',
  },
  {
    name: 'a delete that got 503, done after a newer write was acknowledged',
    events: [
      MADE,
      nemesis(90, 130),
      ask(2, 100, 110, {
        ...WITH_TOKEN,
        steps: [{ op: 'delete', key: 'home' }],
        status: 503,
      }),
      ask(3, 120, 130, { ...WITH_TOKEN, steps: [set('home', 'b0.3.1')] }),
      ask(4, 150, 155, { token: 't1', saw: {} }),
    ],
    broken: 'no-late-write',
  },
  {
    name: 'a write whose client went away, stored at any time',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED], failure: 'aborted' }),
      ask(3, 120, 130, { ...WITH_TOKEN, steps: [BLUE] }),
      read(4, 150, { color: 'b0.2.1' }),
    ],
  },
  {
    name: 'increments at once, all counted',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [INCREMENT] }),
      ask(3, 101, 111, { ...WITH_TOKEN, steps: [INCREMENT] }),
      read(4, 120, { hits: 4 }),
    ],
  },
  {
    name: 'one of two increments lost',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [INCREMENT] }),
      ask(3, 101, 111, { ...WITH_TOKEN, steps: [INCREMENT] }),
      read(4, 120, { hits: 2 }),
    ],
    broken: 'exact-increments',
  },
  {
    name: 'an increment that counts twice',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [INCREMENT] }),
      read(3, 120, { hits: 4 }),
    ],
    broken: 'exact-increments',
  },
  {
    name: 'an increment that got 503, counted or not',
    events: [
      MADE,
      nemesis(90, 120),
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [INCREMENT], status: 503 }),
      read(3, 120, {}),
      read(4, 500, { hits: 2 }),
    ],
  },
  {
    name: 'a request that was sent before the end was acknowledged, and saw the session',
    events: [MADE, signOut, read(3, 105, {})],
  },
  {
    name: 'a session seen after its acknowledged destroy',
    events: [MADE, signOut, read(3, 120, {})],
    broken: 'dead-stay-dead',
  },
  {
    name: 'a session seen after its acknowledged revoke by somebody else',
    events: [
      MADE,
      ask(2, 100, 110, { browser: 1, id: 'X', steps: [{ op: 'revoke', id: 'S' }] }),
      read(3, 120, {}),
    ],
    broken: 'dead-stay-dead',
  },
  {
    name: 'a session looked up by its id after its acknowledged destroy',
    events: [
      MADE,
      signOut,
      ask(3, 120, 130, { browser: 1, id: 'X', steps: [{ op: 'peek', id: 'S' }], found: HOME }),
    ],
    broken: 'dead-stay-dead',
  },
  {
    name: 'a session that had run out, alive again',
    events: [MADE, lost(2, 3_300), read(3, 3_800, {})],
    bounds: { idleMs: 3_500, touchMs: 500 },
    broken: 'dead-stay-dead',
  },
  {
    name: 'a session at its very end, nothing to one process and still there to another',
    events: [MADE, lost(2, 3_300), read(3, 3_400, {})],
    bounds: { idleMs: 3_500, touchMs: 500 },
  },
  {
    name: 'a session that was emptied and kept by a write under way',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [{ op: 'clear' }], cookie: 'cleared' }),
      lost(3, 120),
      ask(4, 99, 150, { ...WITH_TOKEN, steps: [RED], cookie: { token: 't1' } }),
      ask(5, 160, 165, { token: 't1', saw: { color: 'b0.2.1' } }),
    ],
  },
  {
    name: 'a destroy that got 503, and the session is there',
    events: [
      MADE,
      nemesis(90, 120),
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [DESTROY], status: 503 }),
      read(3, 120, {}),
    ],
  },
  {
    name: 'the new token after a sign-in',
    events: [MADE, signIn, read(3, 120, {}, 't2')],
  },
  {
    name: 'the old token after an acknowledged sign-in',
    events: [MADE, signIn, read(3, 120, {})],
    broken: 'dead-tokens',
  },
  {
    name: 'what a handler came to after a sign-in had replaced its token',
    events: [
      MADE,
      signIn,
      ask(3, 90, 150, { ...WITH_TOKEN, steps: [BLUE], stepMs: 140 }),
      read(4, 160, { color: 'b0.3.1' }, 't2'),
    ],
    broken: 'dead-tokens',
  },
  {
    name: 'what a handler came to while a sign-in replaced its token',
    events: [
      MADE,
      signIn,
      ask(3, 90, 150, { ...WITH_TOKEN, steps: [BLUE], stepMs: 105 }),
      read(4, 160, { color: 'b0.3.1' }, 't2'),
    ],
  },
  {
    name: 'what a handler came to that had read its session again after a sign-in',
    events: [
      MADE,
      signIn,
      ask(3, 90, 150, { ...WITH_TOKEN, steps: [{ op: 'reload' }, BLUE], stepMs: 140 }),
      read(4, 160, { color: 'b0.3.1' }, 't2'),
    ],
  },
  {
    name: 'a sign-in that could not be saved, and what was there before',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [REGENERATE, RED, SPOIL], status: 500 }),
      read(3, 120, {}),
    ],
  },
  {
    name: 'the old token lost with a sign-in that could not be saved',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [REGENERATE, RED, SPOIL], status: 500 }),
      lost(3, 120),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'a part of what could not be saved',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED, SPOIL], status: 500 }),
      read(3, 120, { color: 'b0.2.1' }),
    ],
    broken: 'own-values',
  },
  {
    name: 'what was saved before something that could not be',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [RED, { op: 'save' }, SPOIL], status: 500 }),
      read(3, 120, { color: 'b0.2.1' }),
    ],
  },
  {
    name: 'the old token after a sign-in that gave a new id, as a session of its own',
    events: [
      MADE,
      ask(2, 100, 110, {
        ...WITH_TOKEN,
        idAfter: 'T',
        steps: [REGENERATE],
        cookie: { token: 't2' },
      }),
      read(3, 120, {}),
    ],
    broken: 'dead-tokens',
  },
  {
    name: 'the old token lost with a sign-in that a full Redis refused',
    events: [
      MADE,
      nemesis(50, 200, { refuses: { fromMs: 60, toMs: 190 } }),
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [REGENERATE], status: 503 }),
      lost(3, 250),
    ],
    broken: 'no-lost-write',
  },
  {
    name: 'the old token lost with a sign-in of which nobody knows whether it took place',
    events: [
      MADE,
      nemesis(50, 200),
      ask(2, 100, 110, { ...WITH_TOKEN, steps: [REGENERATE], status: 503 }),
      lost(3, 250),
    ],
  },
  {
    name: 'the old token within the grace of a renewal',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, cookie: { token: 't2' } }),
      read(3, 1_000, {}),
    ],
    bounds: { renewMs: 90, graceMs: 2_000 },
  },
  {
    name: 'the old token after the grace of a renewal',
    events: [
      MADE,
      ask(2, 100, 110, { ...WITH_TOKEN, cookie: { token: 't2' } }),
      read(3, 4_000, {}),
    ],
    bounds: { renewMs: 90, graceMs: 2_000 },
    broken: 'dead-tokens',
  },
  {
    name: 'a cookie of the session in an answer that began before its end was acknowledged',
    events: [MADE, signOut, ask(3, 50, 108, { ...WITH_TOKEN, cookie: { token: 't1' } })],
  },
  {
    name: 'a cookie of the session long after its end was acknowledged',
    events: [MADE, signOut, ask(3, 50, 400, { ...WITH_TOKEN, cookie: { token: 't1' } })],
    broken: 'no-dead-cookies',
  },
  {
    name: 'the old cookie long after a sign-in was acknowledged',
    events: [MADE, signIn, ask(3, 50, 400, { ...WITH_TOKEN, cookie: { token: 't1' } })],
    broken: 'no-dead-cookies',
  },
  {
    name: 'a cookie of another session in answer to a token that was replaced',
    events: [
      MADE,
      signIn,
      ask(3, 300, 310, { token: 't1', id: 'X', steps: [RED], cookie: { token: 't9' } }),
    ],
    broken: 'no-dead-cookies',
  },
  {
    name: 'a session used within its idle timeout',
    events: [MADE, read(2, 2_500, {}), read(3, 5_000, {})],
    bounds: { idleMs: 3_000 },
  },
  {
    name: 'a session seen after its idle timeout',
    events: [MADE, read(2, 5_000, {})],
    bounds: { idleMs: 3_000 },
    broken: 'both-clocks',
  },
  {
    name: 'a session in use seen after its absolute timeout',
    events: [MADE, ...[1, 2, 3, 4, 5].map((second) => read(second + 1, second * 1_000, {}))],
    bounds: { idleMs: 3_000, absoluteMs: 4_000 },
    broken: 'both-clocks',
  },
  {
    name: 'a session gone after its idle timeout',
    events: [MADE, lost(2, 3_500)],
    bounds: { idleMs: 3_000, touchMs: 500 },
  },
  {
    name: 'a session gone before its idle timeout',
    events: [MADE, lost(2, 1_500)],
    bounds: { idleMs: 3_000, touchMs: 500 },
    broken: 'no-lost-write',
  },
  {
    name: 'a session with a life of its own, gone after the usual one',
    events: [
      MADE,
      ask(2, 500, 510, { ...WITH_TOKEN, steps: [{ op: 'lifetime', idle: 8, absolute: 20 }] }),
      lost(3, 5_000),
    ],
    bounds: { idleMs: 3_000, touchMs: 500 },
    broken: 'no-lost-write',
  },
  {
    name: 'a session with a life of its own that got 503, gone after the usual one',
    events: [
      MADE,
      nemesis(400, 600),
      ask(2, 500, 510, {
        ...WITH_TOKEN,
        steps: [{ op: 'lifetime', idle: 8, absolute: 20 }],
        status: 503,
      }),
      lost(3, 5_000),
    ],
    bounds: { idleMs: 3_000, touchMs: 500 },
  },
  {
    name: 'the values of another browser',
    events: [MADE, ask(2, 100, 110, { browser: 1, token: 't1', saw: HOME })],
    broken: 'own-values',
  },
  {
    name: 'a value that its handler took back',
    events: [
      MADE,
      ask(2, 100, 300, {
        ...WITH_TOKEN,
        steps: [RED, { op: 'delete', key: 'color' }],
        failure: 'aborted',
      }),
      read(3, 200, { color: 'b0.2.1' }),
    ],
    broken: 'own-values',
  },
  {
    name: 'an id that stays through a sign-in',
    events: [MADE, { ...signIn, sight: { ...signIn.sight!, generation: 'g1' } }],
  },
  {
    name: 'an id that changes with a sign-in, where there are generations',
    events: [
      MADE,
      ask(2, 100, 110, {
        ...WITH_TOKEN,
        generation: 'g1',
        idAfter: 'T',
        steps: [REGENERATE],
        cookie: { token: 't2' },
      }),
    ],
    broken: 'one-id',
  },
  {
    name: 'a 500 that its handler meant',
    events: [ask(1, 0, 10, { kind: 'error', status: 500 })],
  },
  {
    name: 'a 500 that nobody meant',
    events: [ask(1, 0, 10, { status: 500, outcome: 'info' })],
    broken: 'no-500',
  },
  {
    name: 'a process that ended by itself',
    events: [MADE, { type: 'crash', app: 0, atMs: 20, what: 'exit code 1' }],
    broken: 'no-500',
  },
  {
    name: 'a request that waits for its process, which is stopped',
    events: [nemesis(5, 9_000, { app: 0, cutsAnswers: true }), ask(1, 0, 9_100, {})],
  },
  {
    name: 'a request that hangs',
    events: [ask(1, 0, 9_100, {})],
    broken: 'no-hang',
  },
  {
    name: 'a connection that is cut while its handler runs',
    events: [ask(1, 0, 10, { failure: 'ECONNRESET' })],
    broken: 'no-hang',
  },
  {
    name: 'a 503 while Redis is away',
    events: [nemesis(0, 100), ask(1, 50, 200, { status: 503 })],
  },
  {
    name: 'a 503 long after Redis was back',
    events: [nemesis(0, 100), ask(1, 5_000, 5_100, { status: 503 })],
    broken: 'back-again',
  },
  ...PRINCIPAL_CASES,
  ...WATCH_CASES,
];

describe('the checker of the torturer', () => {
  it.each(CASES.filter(({ broken }) => !broken))('lets pass: $name', ({ events, bounds }) => {
    expect(check(historyOf(events, bounds)).violations).toEqual([]);
  });

  it.each(CASES.filter(({ broken }) => broken))('finds: $name', ({ events, bounds, broken }) => {
    const { violations } = check(historyOf(events, bounds));
    expect(new Set(violations.map(({ promise }) => promise))).toEqual(new Set([broken]));
  });

  it('has a wrong history for each promise', async () => {
    const { PROMISES } = await import('../../torture/checker/violation.js');
    const broken = new Set(CASES.flatMap((each) => each.broken ?? []));
    expect(broken).toEqual(new Set(Object.keys(PROMISES)));
  });
});
