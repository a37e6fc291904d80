import { types } from 'node:util';
import { stringifySetCookie } from 'cookie';
import { showValue } from '../errors/show-value.js';
import { FOREIGN_COOKIE_OPTIONS } from '../session.foreign-options.js';
import { OptionsChecker } from '../session.options-checker.js';
import type {
  ResolvedCookieOptions,
  ResolvedSessionOptions,
  SessionCookieOptions,
  SessionOptions,
} from '../session.options.js';

const COOKIE_OPTIONS: Record<keyof SessionCookieOptions, true> = {
  name: true,
  path: true,
  domain: true,
  sameSite: true,
  secure: true,
  httpOnly: true,
  partitioned: true,
  persistent: true,
};

/**
 * Checks the option `cookie` and fills in defaults, at once or, where it is a function, for each request.
 * @param check where problems go that are known at once
 */
export function cookieOptions(
  check: OptionsChecker,
  options: NonNullable<SessionOptions['cookie']>,
): ResolvedSessionOptions['cookie'] {
  if (typeof options !== 'function') return checkedCookie(check, options);
  return (request) => {
    const given: unknown = options(request);
    const checkGiven = new OptionsChecker();
    if (types.isPromise(given)) {
      // Its failure, which nobody waits for, must not end the process.
      given.catch(() => {});
      checkGiven.problem('cookie() gave a promise: give an object');
    }
    const resolved = checkedCookie(checkGiven, given as SessionCookieOptions);
    checkGiven.fail('The options of the session cookie of this request do not work:');
    return resolved;
  };
}

/** The cookie's options for one request, in which they never change: ask once. @throws SessionOptionsError */
export function resolveCookie(
  cookie: ResolvedSessionOptions['cookie'],
  request: unknown,
): ResolvedCookieOptions {
  return typeof cookie === 'function' ? cookie(request) : cookie;
}

function checkedCookie(check: OptionsChecker, options: SessionCookieOptions) {
  const example = "an object, such as { name: 'sid' }, or a function of the request that gives one";
  const given = check.isObject('cookie', options, example) ? options : {};
  check.names('cookie.', given, Object.keys(COOKIE_OPTIONS), FOREIGN_COOKIE_OPTIONS);
  const { name = 'sid', path = '/', domain, sameSite = 'lax', secure = 'auto' } = given;
  const { httpOnly = true, partitioned = false, persistent = true } = given;
  check.oneOf('cookie.sameSite', sameSite, ['strict', 'lax', 'none', 'auto']);
  check.oneOf('cookie.secure', secure, [true, false, 'auto']);
  for (const [option, value] of Object.entries({ httpOnly, partitioned, persistent })) {
    check.oneOf(`cookie.${option}`, value, [true, false]);
  }
  if (typeof path === 'string' && !path.startsWith('/')) {
    check.problem(`cookie.path is ${showValue(path)}: write one that begins with '/'`);
  }
  try {
    stringifySetCookie(name, '', { path, ...(domain !== undefined && { domain }) });
  } catch (error) {
    check.problem(
      `cookie: ${(error as Error).message} (name ${showValue(name)}, path ${showValue(path)}, domain ${showValue(domain)})`,
    );
  }
  const cookie = { name, path, domain, sameSite, secure, httpOnly, partitioned, persistent };
  return { ...cookie, secure: securityOf(check, cookie) };
}

/** What browsers refuse (RFC 6265bis, 4.1.3 and 5.7; CHIPS) is refused here. */
function securityOf(check: OptionsChecker, cookie: ResolvedCookieOptions): boolean | 'auto' {
  const { name, path, domain, sameSite, secure, partitioned } = cookie;
  const isHost = /^__Host-/i.test(String(name));
  if (isHost && (domain !== undefined || path !== '/')) {
    check.problem(
      `cookie.name ${showValue(name)}: browsers refuse __Host- with a domain or a path: leave cookie.domain out and cookie.path at '/'`,
    );
  }
  if (sameSite === 'auto' && secure === false) {
    check.problem(
      `cookie.sameSite 'auto' is None on secure connections, which browsers refuse without cookie.secure. Write 'auto' or true for that, or cookie.sameSite 'lax'`,
    );
  }
  const needs = [
    ...(sameSite === 'none' ? ["cookie.sameSite 'none'"] : []),
    ...(partitioned ? ['cookie.partitioned'] : []),
    ...(isHost || /^__Secure-/i.test(String(name)) ? [`cookie.name ${showValue(name)}`] : []),
  ];
  for (const need of needs) {
    if (secure === false) {
      check.problem(`${need} needs cookie.secure: browsers refuse it without. Write true`);
    }
  }
  return needs.length > 0 ? true : secure;
}
