import type { NemesisEvent } from '../../torture/history.js';
import { ask, type Case, HOME, MADE, watch } from './written-history.js';

const WITH_TOKEN = { token: 't1', saw: HOME };
const signOut = ask(3, 200, 210, {
  ...WITH_TOKEN,
  steps: [{ op: 'destroy' }],
  cookie: 'cleared',
});
const signIn = ask(3, 200, 210, {
  ...WITH_TOKEN,
  steps: [{ op: 'regenerate' }],
  cookie: { token: 't2' },
});
const look = ask(4, 20_000, 20_005, { id: 'L' });
const told = (endMs: number) => ({ endMs, told: 'Session ended' });
const frozen: NemesisEvent = { type: 'nemesis', name: 'test', fromMs: 100, toMs: 3_000 };
const SHORT = { idleMs: 5_000, touchMs: 500 };

/** Who watches a session, and what becomes of it. */
export const WATCH_CASES: readonly Case[] = [
  {
    name: 'a socket that is told of the end of its session',
    events: [MADE, watch(2, 100, told(220)), signOut, look],
  },
  {
    name: 'a socket that is told of the end of its session too late',
    events: [MADE, watch(2, 100, told(1_500)), signOut, look],
    broken: 'told-in-time',
  },
  {
    name: 'a socket that is not told of the end of its session',
    events: [MADE, watch(2, 100), signOut, look],
    broken: 'told-in-time',
  },
  {
    name: 'a socket whose client has gone before it was to be told',
    events: [MADE, watch(2, 100, { endMs: 230 }), signOut, look],
  },
  {
    name: 'a socket that may have seen its session after its end had begun',
    events: [MADE, watch(2, 208), signOut, look],
  },
  {
    name: 'a socket that is told late, after a fault',
    events: [MADE, frozen, watch(2, 100, told(8_400)), signOut, look],
  },
  {
    name: 'a socket that is not told long after a fault',
    events: [MADE, frozen, watch(2, 100), signOut, look],
    broken: 'told-in-time',
  },
  {
    name: 'a socket of before that a new generation ends',
    events: [MADE, watch(2, 100, told(220)), signIn, look],
  },
  {
    name: 'a socket of before that goes on under a new generation',
    events: [MADE, watch(2, 100), signIn, look],
    broken: 'told-in-time',
  },
  {
    name: 'a socket that a request of an older generation does not end',
    events: [
      MADE,
      watch(2, 100, { generation: 'g2' }),
      ask(3, 200, 210, {
        ...WITH_TOKEN,
        generation: 'g1',
        steps: [{ op: 'regenerate' }],
        left: { id: 'N', isNew: true },
        cookie: { token: 't3' },
      }),
      look,
    ],
  },
  {
    name: 'a signal of an id that goes on under a new generation',
    events: [MADE, watch(2, 100, { form: 'signal' }), signIn, look],
  },
  {
    name: 'a signal of an id that is told of a new generation',
    events: [MADE, watch(2, 100, { form: 'signal', ...told(220) }), signIn, look],
    broken: 'told-for-cause',
  },
  {
    name: 'a socket that is told of a renewal',
    events: [
      MADE,
      watch(2, 100, told(220)),
      ask(3, 200, 210, { ...WITH_TOKEN, cookie: { token: 't2' } }),
      look,
    ],
    broken: 'told-for-cause',
  },
  {
    name: 'a socket that is told of the end by time',
    events: [MADE, watch(2, 100, told(11_500)), look],
    bounds: SHORT,
  },
  {
    name: 'a socket that is not told of the end by time',
    events: [MADE, watch(2, 100), look],
    bounds: SHORT,
    broken: 'told-in-time',
  },
  {
    name: 'a socket that is told of an end by time long before it',
    events: [MADE, watch(2, 100, told(1_000)), look],
    bounds: SHORT,
    broken: 'told-for-cause',
  },
];
