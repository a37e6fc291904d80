import type { Program, Step } from '../program.js';
import { increment, KEPT, type Maker, own, type Recipes, set, sleep, user } from './maker.js';

/** So few that several browsers are one of them at once. */
const PRINCIPALS = ['ada', 'ben', 'cyd'];

const who = ({ random }: Maker): string => random.pick(PRINCIPALS);
const keep = ({ random }: Maker) => (random.isHit(0.5) ? { keep: KEPT } : {});
const signIn = (m: Maker, as = who(m)): Step => ({ op: 'signIn', as, ...keep(m) });
const revokeAll = (of: string, others = false): Step => ({ op: 'revokeAll', of, others });

/** All that is done about principals. */
export const SIGN_INS: Recipes = [
  [5, (m) => [signIn(m)]],
  [5, (m) => [sleep(m), signIn(m)]],
  [3, (m, v) => [signIn(m), user(v())]],
  [3, (m, v) => [set(m, v()), increment(m), signIn(m), own(m, v())]],
  [3, (m, v) => [signIn(m), { op: 'save' }, sleep(m), set(m, v())]],
  [2, (m) => [increment(m), { op: 'save' }, signIn(m)]],
  [2, (m) => [{ op: 'signOut', ...keep(m) }]],
  [1, (m) => [sleep(m), { op: 'signOut', ...keep(m) }]],
  [1, (m, v) => [{ op: 'signOut', ...keep(m) }, set(m, v())]],
  [2, (m) => [revokeAll(who(m))]],
  [2, (m) => [revokeAll(who(m), true)]],
  // A new password: all others are to sign in again.
  [2, (m, v) => signInAlone(m, v, who(m))],
  [3, (m) => [{ op: 'list', of: who(m) }]],
  [
    1,
    (m) =>
      m.ids.slice(-1).map((): Step => ({ op: 'revoke', id: m.random.pick(m.ids), of: who(m) })),
  ],
];

function signInAlone(m: Maker, value: () => string, as: string): Step[] {
  return [signIn(m, as), own(m, value()), { op: 'save' }, revokeAll(as, true)];
}

/** What somebody else does at the same time about whom a program signs in; `undefined` where it signs nobody in. */
export function opposed({ steps }: Program): ((maker: Maker) => Program) | undefined {
  const signIn = steps.find((step) => step.op === 'signIn');
  if (!signIn) return undefined;
  const { as } = signIn;
  return ({ random }) => {
    const step = random.weighted<Step>([
      [3, revokeAll(as)],
      [1, { op: 'list', of: as }],
      [1, { op: 'signIn', as }],
    ]);
    return { steps: [step], kind: 'value' };
  };
}

/** Asks for the sessions of everybody. */
export function listAll(): Program {
  return { steps: PRINCIPALS.map((of) => ({ op: 'list', of })), kind: 'value' };
}
