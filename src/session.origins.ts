import { showValue } from './errors/show-value.js';
import type { OptionsChecker } from './session.options-checker.js';
import type { SessionOptions } from './session.options.js';

/** Of schemes that URLs have no origin for, such as that of browsers' extensions. */
const OTHER_SCHEME = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/;

/** Which origins are trusted; `undefined` where all are. */
export function trustedOrigins(
  check: OptionsChecker,
  { crossSite = 'refuse', trustedOrigins: trusted = [] }: SessionOptions,
): ((origin: string) => boolean) | undefined {
  check.oneOf('crossSite', crossSite, ['refuse', 'allow']);
  if (typeof trusted === 'function') return crossSite === 'allow' ? undefined : trusted;
  if (!Array.isArray(trusted)) {
    check.problem(
      `trustedOrigins is ${showValue(trusted)}: write a list, such as ['https://app.example.com'], or a function (origin) => boolean`,
    );
    return undefined;
  }
  trusted.forEach((origin: unknown, index) => {
    const problem = problemOf(origin);
    if (problem) check.problem(`trustedOrigins[${index}] is ${showValue(origin)}: ${problem}`);
  });
  const known = new Set<string>(trusted);
  return crossSite === 'allow' ? undefined : (origin) => known.has(origin);
}

function problemOf(origin: unknown): string | undefined {
  if (typeof origin !== 'string') return "write text, such as 'https://app.example.com'";
  if (origin === 'null') return 'every page in a sandbox has that origin. Leave it out';
  if (origin.includes('*'))
    return "write each origin, or a function (origin) => boolean; for all of them, crossSite: 'allow'";
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!url?.host) return "write an origin with its scheme, such as 'https://app.example.com'";
  if (url.origin === 'null') {
    return OTHER_SCHEME.test(origin) ? undefined : 'write the origin alone, without a path';
  }
  return url.origin === origin ? undefined : `write '${url.origin}'`;
}
