import { type Kind, KINDS, type Program, type Step } from '../program.js';
import type { Random } from '../random.js';
import {
  increment,
  KEPT,
  type Maker,
  NESTED,
  own,
  type Recipe,
  type Recipes,
  REGISTERS,
  set,
  sleep,
  slowMs,
  user,
} from './maker.js';
import { SIGN_INS } from './sign-ins.js';

const FLASH = 'flash';
const DRAFT = 'draft';

const nest = (value: string): Step => ({ op: 'nest', key: NESTED, value });
const keep = { op: 'regenerate', keep: KEPT } as const;
const spoil: Step = { op: 'spoil', key: 'spoiled' };
const regenerate = ({ random }: Maker): Step => (random.isHit(0.5) ? keep : { op: 'regenerate' });

const RECIPES: Recipes = [
  [10, () => []],
  [4, (m) => [sleep(m)]],
  [8, (m, v) => [set(m, v())]],
  [5, (m, v) => [sleep(m), set(m, v())]],
  [3, (m, v) => [set(m, v()), sleep(m)]],
  [4, (m, v) => [own(m, v())]],
  [4, (m, v) => [sleep(m), own(m, v())]],
  [6, (m) => [increment(m)]],
  [4, (m) => [sleep(m), increment(m)]],
  [2, (m) => [{ op: 'increment', key: 'hits', by: 0 }, sleep(m)]],
  [3, (_, v) => [nest(v())]],
  [4, (m, v) => [set(m, v()), nest(v()), increment(m), own(m, v())]],
  [3, (_, v) => [{ op: 'set', key: FLASH, value: v() }]],
  [3, () => [{ op: 'take', key: FLASH }]],
  [2, (m) => [{ op: 'delete', key: m.random.pick(REGISTERS) }]],
  [1, () => [{ op: 'clear' }]],
  [0.5, (m, v) => [{ op: 'clear' }, set(m, v())]],
  [1, () => [{ op: 'touch' }]],
  [1, ({ lifetime }) => [{ op: 'lifetime', ...lifetime }]],
  [3, (m, v) => [set(m, v()), { op: 'save' }, sleep(m), set(m, v()), increment(m)]],
  [2, (m) => [increment(m), { op: 'save' }, sleep(m)]],
  // Where it can't be saved, it is tried again before the answer.
  [5, (m) => [sleep(m), increment(m), { op: 'save' }]],
  [2, (m) => [{ op: 'save' }, sleep(m)]],
  [3, (m, v) => [sleep(m), { op: 'reload' }, set(m, v())]],
  [2, (m, v) => [set(m, v()), { op: 'reload' }, increment(m)]],
  [2, (m, v) => [{ op: 'set', key: DRAFT, value: v() }, sleep(m), { op: 'delete', key: DRAFT }]],
  [3, (m, v) => [regenerate(m), user(v())]],
  [2, (m, v) => [sleep(m), regenerate(m), user(v()), increment(m)]],
  [1, (m, v) => [increment(m), { op: 'save' }, regenerate(m), user(v())]],
  [1, (m, v) => [regenerate(m), user(v()), { op: 'save' }, sleep(m), set(m, v())]],
  [1, (m, v) => [set(m, v()), increment(m), spoil]],
  [2, (m, v) => [regenerate(m), user(v()), spoil]],
  [1, () => [{ op: 'destroy' }]],
  [0.7, (m) => [sleep(m), { op: 'destroy' }]],
  [0.5, (_, v) => [{ op: 'destroy' }, user(v())]],
  [0.5, ({ ids, random }) => (ids.length > 0 ? [{ op: 'revoke', id: random.pick(ids) }] : [])],
  [2, ({ ids, random }) => (ids.length > 0 ? [{ op: 'peek', id: random.pick(ids) }] : [])],
  [3, () => [{ op: 'watch' }]],
  [1, (m) => [sleep(m), { op: 'watch' }]],
];

/** What a browser that has no session mostly does. */
const BEGIN: Recipe = (m, v) => [{ op: 'set', key: 'home', value: v() }, set(m, v())];

export function makeProgram(maker: Maker, hasSession: boolean): Program {
  const { random } = maker;
  const recipe = pickRecipe(maker, hasSession);
  return { steps: recipe(maker, valuesOf(maker)), kind: pickKind(random) };
}

function pickRecipe({ random, signIns }: Maker, hasSession: boolean): Recipe {
  if (random.isHit(signIns)) return random.weighted(SIGN_INS);
  return !hasSession && random.isHit(0.7) ? BEGIN : random.weighted(RECIPES);
}

/** What somebody does who was refused: the same once more, which has to be newer than what was refused. */
export function tryAgain(maker: Maker, { steps }: Program): Program {
  const value = valuesOf(maker);
  const again = steps.flatMap((step) =>
    step.op === 'set' || step.op === 'nest' ? [{ ...step, value: value() }] : [],
  );
  return { steps: again, kind: pickKind(maker.random) };
}

/** Gives its session a longer life of its own. */
export function remember({ lifetime }: Maker): Program {
  return { steps: [{ op: 'lifetime', ...lifetime }], kind: 'value' };
}

/** Loads its session, and writes to it some time later. */
export function writeLate(maker: Maker): Program {
  const steps: Step[] = [{ op: 'sleep', ms: slowMs(maker) }, own(maker, valuesOf(maker)())];
  return { steps, kind: 'value' };
}

/** Whether a program sets something that can be set again. */
export function canTryAgain({ steps }: Program): boolean {
  return steps.some(({ op }) => op === 'set' || op === 'nest');
}

function valuesOf({ browser, n }: Maker): () => string {
  let writes = 0;
  return () => `b${browser}.${n}.${++writes}`;
}

function pickKind(random: Random): Kind {
  return random.isHit(0.4) ? 'value' : random.pick(KINDS);
}

/** Whether the session is to be different when the answer is there. */
export function isWrite({ steps }: Program): boolean {
  return steps.some(({ op }) => ['set', 'nest', 'increment', 'signIn'].includes(op));
}

/** Whether a client that goes away in the midst of it is of special interest. */
export function isDraft({ steps }: Program): boolean {
  return steps.some((step) => 'key' in step && step.key === DRAFT);
}
