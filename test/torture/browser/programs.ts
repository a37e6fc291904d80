import { type Kind, KINDS, type Program, type Step } from '../program.js';
import type { Random } from '../random.js';

/** Registers that any request may set, and counters that any may increment. */
const REGISTERS = ['color', 'page'];
const COUNTERS = ['hits', 'unread'];
const NESTED = 'cart';
const FLASH = 'flash';
const DRAFT = 'draft';
/** What a sign-in keeps, where it does not keep all. */
const KEPT = ['color', NESTED, 'hits'];
const SLOW_MS = 250;

/** What a program is made for. */
export interface Maker {
  readonly random: Random;
  /** The request's number: with it each write has a value of its own. */
  readonly n: number;
  readonly browser: number;
  /** Ids that can be asked for and revoked. */
  readonly ids: readonly string[];
  /** A life of its own that a session can be given, in seconds. */
  readonly lifetime: { readonly idle: number; readonly absolute: number };
}

type Recipe = (maker: Maker, value: () => string) => Step[];

const sleep = ({ random }: Maker): Step => ({ op: 'sleep', ms: random.between(1, SLOW_MS) });
const set = ({ random }: Maker, value: string): Step => {
  return { op: 'set', key: random.pick(REGISTERS), value };
};
const increment = ({ random }: Maker): Step => {
  return { op: 'increment', key: random.pick(COUNTERS), by: random.between(1, 5) };
};
const own = ({ n }: Maker, value: string): Step => ({ op: 'set', key: `own${n}`, value });
const user = (value: string): Step => ({ op: 'set', key: 'user', value });
const nest = (value: string): Step => ({ op: 'nest', key: NESTED, value });
const keep = { op: 'regenerate', keep: KEPT } as const;
const spoil: Step = { op: 'spoil', key: 'spoiled' };
const regenerate = ({ random }: Maker): Step => (random.isHit(0.5) ? keep : { op: 'regenerate' });

const RECIPES: readonly (readonly [weight: number, recipe: Recipe])[] = [
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
];

/** What a browser that has no session mostly does. */
const BEGIN: Recipe = (m, v) => [{ op: 'set', key: 'home', value: v() }, set(m, v())];

export function makeProgram(maker: Maker, hasSession: boolean): Program {
  const { random } = maker;
  const recipe = !hasSession && random.isHit(0.7) ? BEGIN : random.weighted(RECIPES);
  return { steps: recipe(maker, valuesOf(maker)), kind: pickKind(random) };
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
  const { n, random } = maker;
  const value = valuesOf(maker)();
  const ms = random.between(SLOW_MS / 2, 2 * SLOW_MS);
  return {
    steps: [
      { op: 'sleep', ms },
      { op: 'set', key: `own${n}`, value },
    ],
    kind: 'value',
  };
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
  return steps.some(({ op }) => ['set', 'nest', 'increment'].includes(op));
}

/** Whether a client that goes away in the midst of it is of special interest. */
export function isDraft({ steps }: Program): boolean {
  return steps.some((step) => 'key' in step && step.key === DRAFT);
}
