import { closest, distance } from 'fastest-levenshtein';
import { SessionOptionsError } from './errors/session-options.error.js';
import { showValue } from './errors/show-value.js';
import { type DurationBounds, readDuration } from './session/lifetime.js';

/** Collects what is wrong with options, so that a user sees all of it at once. */
export class OptionsChecker {
  readonly #problems: string[] = [];
  /** What may be meant otherwise, and is no mistake for sure. */
  readonly questions: string[] = [];

  problem(text: string): void {
    this.#problems.push(text);
  }

  question(text: string): void {
    this.questions.push(text);
  }

  /** @throws SessionOptionsError where there was a problem */
  fail(intro?: string): void {
    if (this.#problems.length > 0) throw new SessionOptionsError(this.#problems, intro);
  }

  isObject(name: string, value: unknown, example: string): boolean {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) this.problem(`${name} is ${showValue(value)}: write ${example}`);
    return isObject;
  }

  /** @param instead what to write for names that are known not to be options */
  names(
    prefix: string,
    value: object,
    known: string[],
    instead: Readonly<Record<string, string>> = {},
  ): void {
    for (const name of Object.keys(value)) {
      if (known.includes(name)) continue;
      if (Object.hasOwn(instead, name)) {
        this.problem(`${prefix}${name} is no option: ${instead[name]}`);
        continue;
      }
      const nearest = closest(name, known);
      const hint =
        distance(name.toLowerCase(), nearest.toLowerCase()) <= 3
          ? `did you mean ${prefix}${nearest}?`
          : `the options are ${known.join(', ')}`;
      this.problem(`${prefix}${name} is no option: ${hint}`);
    }
  }

  oneOf(name: string, value: unknown, allowed: readonly (string | boolean)[]): void {
    if (allowed.includes(value as string | boolean)) return;
    this.problem(`${name} is ${showValue(value)}: write ${allowed.map(showValue).join(' or ')}`);
  }

  /** In milliseconds. */
  duration(name: string, value: unknown, bounds?: DurationBounds, orElse = ''): number {
    const millis = readDuration(value, bounds);
    if (typeof millis === 'number') return millis;
    this.problem(`${name} is ${showValue(value)}: ${millis}${orElse}`);
    return Number.NaN;
  }

  /** In milliseconds; `Infinity` where it is off. */
  optionalDuration(name: string, value: unknown): number {
    return value === false ? Infinity : this.duration(name, value, {}, ', or false for never');
  }
}
