import { stringifySetCookie } from 'cookie';
import { closest, distance } from 'fastest-levenshtein';
import { SessionOptionsError } from './errors/session-options.error.js';
import { durationMs } from './session/lifetime.js';
import type {
  ResolvedCookieOptions,
  ResolvedSessionOptions,
  SessionCookieOptions,
  SessionModuleSettings,
  SessionOptions,
} from './session.options.js';

const MIN_SECRET_LENGTH = 32;
const MAX_TIMER_MS = 2 ** 31 - 1;
const MINUTE_MS = 60_000;

const OPTIONS: Record<keyof SessionOptions, true> = {
  secret: true,
  backend: true,
  cookie: true,
  idleTimeout: true,
  absoluteTimeout: true,
  touchInterval: true,
  renewInterval: true,
  renewGrace: true,
  current: true,
  backendTimeout: true,
  onBackendError: true,
};
const SETTINGS: Record<keyof SessionModuleSettings, true> = { isGlobal: true, load: true };
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
 * Checks what a user passed and fills in defaults. Reads nothing but its argument.
 * @throws SessionOptionsError which lists every problem at once
 */
export function resolveOptions(options: SessionOptions): ResolvedSessionOptions {
  const check = new Checker();
  if (!check.isObject('options', options, '{ secret: process.env.SESSION_SECRET }')) check.fail();
  check.names('', options, Object.keys(OPTIONS), Object.keys(SETTINGS));
  const idleMs = check.duration('idleTimeout', options.idleTimeout ?? '14d');
  const resolved = {
    secrets: check.secrets(options.secret),
    cookie: check.cookie(options.cookie ?? {}),
    idleMs,
    absoluteMs: check.optionalDuration('absoluteTimeout', options.absoluteTimeout ?? '30d'),
    touchIntervalMs:
      options.touchInterval === undefined
        ? Math.min(idleMs / 20, MINUTE_MS)
        : check.duration('touchInterval', options.touchInterval, 0),
    renewIntervalMs: check.optionalDuration('renewInterval', options.renewInterval ?? false),
    renewGraceMs: check.duration('renewGrace', options.renewGrace ?? '30s', 1000),
    current: options.current ?? false,
    backendTimeoutMs: check.duration('backendTimeout', options.backendTimeout ?? '2s'),
    onBackendError: options.onBackendError ?? 'fail',
  };
  check.oneOf('onBackendError', resolved.onBackendError, ['fail', 'anonymous']);
  check.oneOf('current', resolved.current, [true, false]);
  if (resolved.touchIntervalMs >= idleMs) {
    check.problem(
      `touchInterval (${resolved.touchIntervalMs} ms) must be shorter than idleTimeout (${idleMs} ms), or sessions end while they are used`,
    );
  }
  if (resolved.renewIntervalMs <= resolved.renewGraceMs) {
    check.problem(
      `renewInterval (${resolved.renewIntervalMs} ms) must be longer than renewGrace (${resolved.renewGraceMs} ms)`,
    );
  }
  if (resolved.backendTimeoutMs > MAX_TIMER_MS) {
    check.problem(`backendTimeout is longer than a timer can be: write at most '24d'`);
  }
  check.fail();
  return resolved;
}

/** Checks what stands beside the options. @throws SessionOptionsError */
export function resolveSettings(settings: SessionModuleSettings): Required<SessionModuleSettings> {
  const check = new Checker();
  const { isGlobal = true, load = 'eager' } = settings;
  check.oneOf('load', load, ['eager', 'lazy']);
  check.oneOf('isGlobal', isGlobal, [true, false]);
  check.fail();
  return { isGlobal, load };
}

class Checker {
  readonly #problems: string[] = [];

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** @throws SessionOptionsError where there was a problem */
  fail(): void {
    if (this.#problems.length > 0) throw new SessionOptionsError(this.#problems);
  }

  isObject(name: string, value: unknown, example: string): boolean {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) this.problem(`${name} is ${show(value)}: write an object, such as ${example}`);
    return isObject;
  }

  names(prefix: string, value: object, known: string[], elsewhere: string[] = []): void {
    for (const name of Object.keys(value)) {
      if (known.includes(name)) continue;
      if (elsewhere.includes(name)) {
        this.problem(`${name} must be known before the options are: write it beside useFactory`);
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
    this.problem(`${name} is ${show(value)}: write ${allowed.map(show).join(' or ')}`);
  }

  /** In milliseconds. */
  duration(name: string, value: unknown, minMs = Number.MIN_VALUE, orElse = ''): number {
    const millis = durationMs(value);
    if (millis !== undefined && millis >= minMs) return millis;
    this.problem(
      `${name} is ${show(value)}: write text with a unit, such as '30m', or a positive number of seconds${orElse}`,
    );
    return Number.NaN;
  }

  /** In milliseconds; `Infinity` where it is off. */
  optionalDuration(name: string, value: unknown): number {
    if (value === false) return Infinity;
    return this.duration(name, value, Number.MIN_VALUE, ', or false for never');
  }

  secrets(secret: unknown): readonly string[] {
    const make = `Make one with: node -p "require('crypto').randomBytes(32).toString('base64url')"`;
    const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
    if (secrets.length === 0) this.problem(`secret is an empty list: write at least one. ${make}`);
    secrets.forEach((each, index) => {
      const name = Array.isArray(secret) ? `secret[${index}]` : 'secret';
      if (typeof each !== 'string') {
        const got = each === undefined ? 'missing' : `${each === null ? 'null' : typeof each}`;
        this.problem(`${name} is ${got}: write a text of at least 32 characters. ${make}`);
      } else if (each.length < MIN_SECRET_LENGTH) {
        this.problem(
          `${name} has ${each.length} characters: write at least ${MIN_SECRET_LENGTH}. ${make}`,
        );
      }
    });
    return secrets as string[];
  }

  cookie(options: SessionCookieOptions): ResolvedCookieOptions {
    const example = "{ name: 'sid' }";
    const given = this.isObject('cookie', options, example) ? options : {};
    this.names('cookie.', given, Object.keys(COOKIE_OPTIONS));
    const { name = 'sid', path = '/', domain, sameSite = 'lax', secure = 'auto' } = given;
    const { httpOnly = true, partitioned = false, persistent = true } = given;
    this.oneOf('cookie.sameSite', sameSite, ['strict', 'lax', 'none']);
    this.oneOf('cookie.secure', secure, [true, false, 'auto']);
    for (const [option, value] of Object.entries({ httpOnly, partitioned, persistent })) {
      this.oneOf(`cookie.${option}`, value, [true, false]);
    }
    try {
      stringifySetCookie(name, '', { path, ...(domain !== undefined && { domain }) });
    } catch (error) {
      this.problem(
        `cookie: ${(error as Error).message} (name ${show(name)}, path ${show(path)}, domain ${show(domain)})`,
      );
    }
    const cookie = { name, path, domain, sameSite, secure, httpOnly, partitioned, persistent };
    return { ...cookie, secure: this.#secure(cookie) };
  }

  /** What browsers refuse (RFC 6265bis, 4.1.3 and 5.7; CHIPS) is refused here. */
  #secure({ name, path, domain, sameSite, secure, partitioned }: ResolvedCookieOptions) {
    const isHost = /^__Host-/i.test(String(name));
    if (isHost && (domain !== undefined || path !== '/')) {
      this.problem(
        `cookie.name ${show(name)}: browsers refuse __Host- with a domain or a path: leave cookie.domain out and cookie.path at '/'`,
      );
    }
    const needs = [
      ...(sameSite === 'none' ? ["cookie.sameSite 'none'"] : []),
      ...(partitioned ? ['cookie.partitioned'] : []),
      ...(isHost || /^__Secure-/i.test(String(name)) ? [`cookie.name ${show(name)}`] : []),
    ];
    for (const need of needs) {
      if (secure === false) {
        this.problem(`${need} needs cookie.secure: browsers refuse it without. Write true`);
      }
    }
    return needs.length > 0 ? true : secure;
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return Array.isArray(value)
    ? 'a list'
    : typeof value === 'object' && value
      ? 'an object'
      : String(value);
}
