import { showValue } from '../errors/show-value.js';
import type { OptionsChecker } from '../session.options-checker.js';
import type { TransportName } from './transport.js';

const EXAMPLE = "['cookie'], ['bearer'], or both in the order in which they are to be tried";

/** Checks the option `transports`. */
export function transportNames(check: OptionsChecker, names: unknown): readonly TransportName[] {
  if (!Array.isArray(names) || names.length === 0) {
    const got = Array.isArray(names) ? 'an empty list' : showValue(names);
    check.problem(`transports is ${got}: write ${EXAMPLE}`);
    return [];
  }
  names.forEach((name, index) => {
    check.oneOf(`transports[${index}]`, name, ['cookie', 'bearer']);
    if (names.indexOf(name) < index) {
      check.problem(`transports names ${showValue(name)} twice: write ${EXAMPLE}`);
    }
  });
  return [...(names as TransportName[])];
}
