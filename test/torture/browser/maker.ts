import type { Step } from '../program.js';
import type { Random } from '../random.js';

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
  /** How many of all programs are about principals. */
  readonly signIns: number;
}

/** Makes steps; each call of `value` gives another text. */
export type Recipe = (maker: Maker, value: () => string) => Step[];
export type Recipes = readonly (readonly [weight: number, recipe: Recipe])[];

const SLOW_MS = 250;
/** Registers that any request may set, and counters that any may increment. */
export const REGISTERS = ['color', 'page'];
const COUNTERS = ['hits', 'unread'];
export const NESTED = 'cart';
/** What a sign-in keeps, where it does not keep all. */
export const KEPT = ['color', NESTED, 'hits'];

export const sleep = ({ random }: Maker): Step => ({ op: 'sleep', ms: random.between(1, SLOW_MS) });
export const set = ({ random }: Maker, value: string): Step => {
  return { op: 'set', key: random.pick(REGISTERS), value };
};
export const increment = ({ random }: Maker): Step => {
  return { op: 'increment', key: random.pick(COUNTERS), by: random.between(1, 5) };
};
export const own = ({ n }: Maker, value: string): Step => ({ op: 'set', key: `own${n}`, value });
export const user = (value: string): Step => ({ op: 'set', key: 'user', value });
export const slowMs = ({ random }: Maker): number => random.between(SLOW_MS / 2, 2 * SLOW_MS);
