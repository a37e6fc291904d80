import type { Step } from '../../torture/program.js';
import { ask, type Case, set, type Written } from './written-history.js';

const LIST: Step = { op: 'list', of: 'ada' };
const REVOKE_ALL: Step = { op: 'revokeAll', of: 'ada', others: false };
const REVOKE_OTHERS: Step = { op: 'revokeAll', of: 'ada', others: true };
const SAVE: Step = { op: 'save' };
const signIn = (as: string, keep?: string[]): Step => ({ op: 'signIn', as, ...(keep && { keep }) });

/** A browser's new session becomes somebody's: its number names it, and its token. */
const signedIn = (n: number, atMs: number, as = 'ada', written: Written = {}) =>
  ask(n, atMs, atMs + 10, {
    browser: n,
    id: `S${n}`,
    steps: [signIn(as)],
    cookie: { token: `t${n}` },
    ...written,
  });

/** A look at the session that request `of` has signed in. */
const seen = (n: number, atMs: number, of: number, principal = 'ada', written: Written = {}) =>
  ask(n, atMs, atMs + 5, {
    browser: of,
    token: `t${of}`,
    id: `S${of}`,
    saw: {},
    principal,
    ...written,
  });

/** It leads nowhere. */
const lost = (n: number, atMs: number, of: number) =>
  ask(n, atMs, atMs + 5, { browser: of, token: `t${of}`, id: `new${n}` });

const does = (n: number, atMs: number, step: Step, written: Written = {}) =>
  ask(n, atMs, atMs + 10, { browser: 99, id: 'other', steps: [step], ...written });

const TWO = { maxSessions: 2 };
const TWO_AT_MOST = { maxSessions: 2, onLimit: 'refuse' } as const;

/** A visitor's session, in which a sign-in is refused for a revocation, and which is gone then. */
const REFUSED_AND_REVOKED = [
  ask(1, 0, 10, {
    browser: 1,
    id: 'S1',
    steps: [set('page', 'b1.1.1')],
    cookie: { token: 't1' },
  }),
  ask(2, 20, 60, {
    browser: 1,
    token: 't1',
    id: 'S1',
    saw: { page: 'b1.1.1' },
    stepMs: 22,
    steps: [signIn('ada')],
    status: 401,
  }),
  does(3, 30, REVOKE_ALL),
  lost(4, 50, 1),
];

export const PRINCIPAL_CASES: readonly Case[] = [
  {
    name: 'a session of somebody, seen before and after they sign in elsewhere',
    events: [signedIn(1, 0), seen(2, 20, 1), signedIn(3, 30), seen(4, 50, 1), seen(5, 50, 3)],
  },
  {
    name: 'sessions that revokeAll has ended, but one that signs in after it',
    events: [
      signedIn(1, 0),
      does(2, 20, REVOKE_ALL),
      lost(3, 40, 1),
      signedIn(4, 50),
      seen(5, 70, 4),
    ],
  },
  {
    name: 'a session after all of its principal were revoked',
    events: [signedIn(1, 0), does(2, 20, REVOKE_ALL), seen(3, 40, 1)],
    broken: 'everywhere',
  },
  {
    name: 'a session before the revocation is answered',
    events: [signedIn(1, 0), does(2, 20, REVOKE_ALL), seen(3, 28, 1)],
  },
  {
    name: 'the session that was to be left alone',
    events: [signedIn(1, 0), seen(2, 20, 1, 'ada', { steps: [REVOKE_OTHERS] }), seen(3, 40, 1)],
  },
  {
    name: 'a sign-in that had arrived before the revocation was asked for',
    events: [signedIn(1, 0, 'ada', { stepMs: 5 }), does(2, 2, REVOKE_ALL), seen(3, 80, 1)],
    broken: 'everywhere',
  },
  {
    name: 'a sign-in that may have arrived after the revocation was asked for',
    events: [does(2, 20, REVOKE_ALL, { stepMs: 22 }), signedIn(1, 22), seen(3, 80, 1)],
  },
  {
    name: 'a revocation that failed',
    events: [
      { type: 'nemesis', name: 'test', fromMs: 0, toMs: 50 },
      signedIn(1, 0),
      does(2, 20, REVOKE_ALL, { error: 'SessionBackendError', status: 503 }),
      seen(3, 40, 1),
      lost(4, 60, 1),
    ],
  },
  {
    name: 'a revocation that a primary may have taken with it',
    events: [
      signedIn(1, 0),
      does(2, 4_020, REVOKE_ALL),
      { type: 'nemesis', name: 'test', fromMs: 4_100, toMs: 6_000, losesTail: true },
      seen(3, 8_000, 1),
    ],
  },
  {
    name: 'a list of all that are signed in',
    events: [
      signedIn(1, 0),
      signedIn(2, 0),
      signedIn(3, 0, 'ben'),
      does(4, 20, LIST, { listed: { S1: 'ada', S2: 'ada' } }),
    ],
  },
  {
    name: 'a list without one that is signed in',
    events: [signedIn(1, 0), signedIn(2, 0), does(4, 20, LIST, { listed: { S1: 'ada' } })],
    broken: 'whole-lists',
  },
  {
    name: 'a list without one that is being signed in, or out',
    events: [
      signedIn(1, 0),
      signedIn(2, 18),
      seen(3, 18, 1, 'ada', { steps: [{ op: 'signOut' }], cookie: 'cleared' }),
      does(4, 20, LIST, { listed: {} }),
    ],
  },
  {
    name: 'a list with somebody else’s',
    events: [signedIn(1, 0, 'ben'), does(4, 20, LIST, { listed: { S1: 'ben' } })],
    broken: 'whole-lists',
  },
  {
    name: 'a list with one that was signed out',
    events: [
      signedIn(1, 0),
      seen(3, 20, 1, 'ada', { steps: [{ op: 'signOut' }], cookie: 'cleared' }),
      does(4, 40, LIST, { listed: { S1: 'ada' } }),
    ],
    broken: 'dead-stay-dead',
  },
  {
    name: 'the oldest of three, gone where two are the most',
    events: [signedIn(1, 0), signedIn(2, 20), signedIn(3, 40), lost(4, 60, 1)],
    bounds: TWO,
  },
  {
    name: 'the second of three, gone where two are the most',
    events: [signedIn(1, 0), signedIn(2, 20), signedIn(3, 40), lost(4, 60, 2)],
    bounds: TWO,
    broken: 'goes-on',
  },
  {
    name: 'three at once, where two are the most',
    events: [
      signedIn(1, 0),
      signedIn(2, 20),
      signedIn(3, 40),
      seen(4, 60, 1),
      seen(5, 60, 2),
      seen(6, 60, 3),
    ],
    bounds: TWO,
    broken: 'exact-limit',
  },
  {
    name: 'three one after the other, where two are the most',
    events: [
      signedIn(1, 0),
      signedIn(2, 20),
      seen(4, 35, 1),
      signedIn(3, 40),
      seen(5, 60, 2),
      seen(6, 60, 3),
      lost(7, 60, 1),
    ],
    bounds: TWO,
  },
  {
    name: 'a sign-in refused where two are the most, and two there',
    events: [
      signedIn(1, 0),
      signedIn(2, 20),
      signedIn(3, 40, 'ada', { status: 409, cookie: undefined as never }),
    ],
    bounds: TWO_AT_MOST,
  },
  {
    name: 'a sign-in refused though there was room',
    events: [
      signedIn(1, 0),
      signedIn(2, 20),
      seen(4, 35, 1, 'ada', { steps: [{ op: 'signOut' }], cookie: 'cleared' }),
      ask(3, 50, 60, { browser: 3, id: 'S3', steps: [signIn('ada')], status: 409 }),
    ],
    bounds: TWO_AT_MOST,
    broken: 'refused-for-cause',
  },
  {
    name: 'one that a revocation has ended, in which a sign-in had been stored without an answer, and was refused',
    events: [
      { type: 'nemesis', name: 'cut connections', fromMs: 0, toMs: 50, app: 0 },
      ...REFUSED_AND_REVOKED,
    ],
  },
  {
    name: 'one that a revocation has ended, in which a sign-in was refused, with nothing wrong',
    events: REFUSED_AND_REVOKED,
    broken: 'no-lost-write',
  },
  {
    name: 'a sign-in refused for a revocation that nobody asked for',
    events: [ask(3, 50, 60, { browser: 3, id: 'S3', steps: [signIn('ada')], status: 401 })],
    broken: 'refused-for-cause',
  },
  {
    name: 'a session that is somebody else’s still, after a refused sign-in',
    events: [
      signedIn(1, 0),
      signedIn(2, 0),
      signedIn(3, 0, 'ben'),
      seen(4, 20, 3, 'ben', {
        steps: [signIn('ada'), SAVE],
        error: 'SessionLimitError',
        status: 409,
      }),
      seen(5, 40, 3, 'ben'),
    ],
    bounds: TWO_AT_MOST,
  },
  {
    name: 'a session that has ended by a sign-in as somebody else, though that was refused',
    events: [
      signedIn(1, 0),
      signedIn(2, 0),
      signedIn(3, 0, 'ben'),
      seen(4, 20, 3, 'ben', {
        steps: [signIn('ada'), SAVE],
        error: 'SessionLimitError',
        status: 409,
      }),
      lost(5, 40, 3),
    ],
    bounds: TWO_AT_MOST,
    broken: 'refused-as-it-was',
  },
  {
    name: 'a field that a refused sign-in did not keep, gone',
    events: [
      signedIn(1, 0),
      signedIn(2, 0),
      signedIn(3, 0, 'ben', { steps: [signIn('ben'), set('page', 'b3.3.1')] }),
      seen(4, 20, 3, 'ben', { saw: { page: 'b3.3.1' }, steps: [signIn('ada', [])], status: 409 }),
      seen(5, 40, 3, 'ben'),
    ],
    bounds: TWO_AT_MOST,
    broken: 'no-lost-write',
  },
  {
    name: 'a session that is somebody’s whose sign-in was refused',
    events: [
      ask(1, 0, 10, {
        browser: 1,
        id: 'S1',
        steps: [set('home', 'b1.1.1')],
        cookie: { token: 't1' },
      }),
      signedIn(2, 0),
      signedIn(3, 0),
      seen(4, 20, 1, 'ada', {
        saw: { home: 'b1.1.1' },
        principal: undefined as never,
        steps: [signIn('ada')],
        status: 409,
      }),
      seen(5, 40, 1, 'ada', { saw: { home: 'b1.1.1' } }),
    ],
    bounds: TWO_AT_MOST,
    broken: 'refused-as-it-was',
  },
  {
    name: 'a session that is nobody’s after a sign-in',
    events: [signedIn(1, 0), seen(2, 20, 1, 'ada', { principal: undefined as never })],
    broken: 'whose',
  },
  {
    name: 'fields that go on in a new session, by a sign-in as somebody else',
    events: [
      signedIn(1, 0, 'ben', { steps: [signIn('ben'), { op: 'increment', key: 'hits', by: 3 }] }),
      seen(2, 20, 1, 'ben', {
        saw: { hits: 3 },
        steps: [signIn('ada', ['hits'])],
        idAfter: 'S2',
        left: { id: 'S2', isNew: true },
        cookie: { token: 't2' },
      }),
      seen(3, 40, 2, 'ada', { browser: 1, saw: { hits: 3 } }),
      lost(4, 40, 1),
    ],
  },
];
