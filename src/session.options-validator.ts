import { showValue } from './errors/show-value.js';
import type { PrincipalOf } from './principals/principal-of.js';
import type { SessionLimit } from './principals/sign-ins.js';
import { checkMigration, resolveMigration } from './migration/migration-option.js';
import { isFieldName } from './session/session-object.js';
import { FOREIGN_OPTIONS } from './session.foreign-options.js';
import { times } from './session.durations.js';
import { OptionsChecker } from './session.options-checker.js';
import { trustedOrigins } from './session.origins.js';
import type {
  PrincipalsOptions,
  ResolvedSessionOptions,
  SessionModuleSettings,
  SessionOptions,
} from './session.options.js';
import { cookieOptions } from './transports/cookie-options.js';
import { Signature } from './transports/signature.js';
import { transportNames } from './transports/transport-names.js';

const MIN_SECRET_LENGTH = 32;
/** Everybody can read them. */
const PUBLISHED_SECRETS = new Set(['at least 32 characters, and your own!']);

const OPTIONS: Record<keyof SessionOptions, true> = {
  secret: true,
  backend: true,
  cookie: true,
  transports: true,
  crossSite: true,
  trustedOrigins: true,
  idleTimeout: true,
  absoluteTimeout: true,
  touchInterval: true,
  renewInterval: true,
  renewGrace: true,
  current: true,
  backendTimeout: true,
  onBackendError: true,
  principals: true,
  migrate: true,
};
/** From Node 24 on an AsyncLocalStorage costs a request nothing that can be measured. */
const IS_CURRENT_FREE = Number.parseInt(process.versions.node) >= 24;
const BESIDE = 'it must be known before the options are: write it beside useFactory';
const SETTINGS: Record<keyof SessionModuleSettings, string> = { isGlobal: BESIDE, load: BESIDE };
const INSTEAD = { ...FOREIGN_OPTIONS, ...SETTINGS };

/**
 * Checks what a user passed and fills in defaults. Reads nothing but its argument and `NODE_ENV`. Of the secrets only what they sign
 * with goes on: no object that is used later shows them.
 * @throws SessionOptionsError which lists every problem at once
 */
export function resolveOptions(options: SessionOptions): ResolvedSessionOptions {
  const check = new OptionsChecker();
  const example =
    'an object, such as { secret: process.env.SESSION_SECRET }. A useFactory has to return it';
  if (!check.isObject('options', options, example)) check.fail();
  check.names('', options, Object.keys(OPTIONS), INSTEAD);
  const secrets = secretsOf(check, options.secret);
  const cookie = cookieOptions(check, options.cookie ?? {});
  checkMigration(check, options.migrate, cookie);
  const resolved = {
    cookie,
    transports: transportNames(check, options.transports ?? ['cookie']),
    isTrusted: trustedOrigins(check, options),
    ...times(check, options),
    current: options.current ?? IS_CURRENT_FREE,
    onBackendError: options.onBackendError ?? 'fail',
    ...principals(check, options.principals ?? {}, options.absoluteTimeout === false),
  };
  check.oneOf('onBackendError', resolved.onBackendError, ['fail', 'anonymous']);
  check.oneOf('current', resolved.current, [true, false]);
  check.fail();
  return {
    ...resolved,
    signatures: secrets.map((secret) => new Signature(secret)),
    migration: resolveMigration(options.migrate, secrets),
    questions: check.questions,
  };
}

/** Checks what stands beside the options. @throws SessionOptionsError */
export function resolveSettings(settings: SessionModuleSettings): Required<SessionModuleSettings> {
  const check = new OptionsChecker();
  const { isGlobal = true, load = 'eager' } = settings;
  check.oneOf('load', load, ['eager', 'lazy']);
  check.oneOf('isGlobal', isGlobal, [true, false]);
  check.fail();
  return { isGlobal, load };
}

/** So many can be looked at within a sign-in. */
const MOST_SESSIONS = 1000;

function principals(check: OptionsChecker, options: PrincipalsOptions, neverEnds: boolean) {
  const example = 'an object, such as { maxSessions: 3 }';
  if (!check.isObject('principals', options, example)) options = {};
  check.names('principals.', options, ['maxSessions', 'onLimit', 'of']);
  const principalOf = principalOfData(check, options.of);
  if (principalOf && neverEnds) {
    check.problem(
      "principals.of needs an absoluteTimeout, such as '30d': a session that is somebody's must end",
    );
  }
  return { sessionLimit: sessionLimit(check, options), principalOf };
}

function principalOfData(
  check: OptionsChecker,
  of: PrincipalsOptions['of'],
): PrincipalOf | undefined {
  if (of === undefined) return undefined;
  const example = "an object, such as { field: 'passport', principal: (value) => value?.user }";
  if (!check.isObject('principals.of', of, example)) return undefined;
  check.names('principals.of.', of, ['field', 'principal']);
  const { field, principal } = of;
  if (typeof field !== 'string' || field === '' || !isFieldName(field)) {
    check.problem(
      `principals.of.field is ${showValue(field)}: write the name of a field, such as 'passport'`,
    );
  }
  if (typeof principal !== 'function') {
    check.problem(
      `principals.of.principal is ${showValue(principal)}: write a function, such as (value) => value?.user`,
    );
  }
  return { field, principal };
}

function sessionLimit(
  check: OptionsChecker,
  { maxSessions, onLimit = 'end-oldest' }: PrincipalsOptions,
): SessionLimit | undefined {
  check.oneOf('principals.onLimit', onLimit, ['end-oldest', 'refuse']);
  if (maxSessions === undefined) return undefined;
  if (!Number.isSafeInteger(maxSessions) || maxSessions < 1 || maxSessions > MOST_SESSIONS) {
    check.problem(
      `principals.maxSessions is ${showValue(maxSessions)}: write a whole number from 1 to ${MOST_SESSIONS}, or leave it out for no limit`,
    );
  }
  return { maxSessions, onLimit };
}

function secretsOf(check: OptionsChecker, secret: unknown): readonly string[] {
  const make = `Make one with: node -p "require('crypto').randomBytes(32).toString('base64url')"`;
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0) check.problem(`secret is an empty list: write at least one. ${make}`);
  secrets.forEach((each, index) => {
    const name = Array.isArray(secret) ? `secret[${index}]` : 'secret';
    if (typeof each !== 'string') {
      const got = each === undefined ? 'missing' : `${each === null ? 'null' : typeof each}`;
      check.problem(`${name} is ${got}: write a text of at least 32 characters. ${make}`);
    } else if (each === '') {
      check.problem(
        `${name} is empty, as where an environment variable is not set: write at least ${MIN_SECRET_LENGTH} characters. ${make}`,
      );
    } else if (each.length < MIN_SECRET_LENGTH) {
      check.problem(
        `${name} has ${each.length} characters: write at least ${MIN_SECRET_LENGTH}. ${make}`,
      );
    } else if (PUBLISHED_SECRETS.has(each) && process.env['NODE_ENV'] === 'production') {
      check.problem(
        `${name} is the one of this library's documentation, which everybody knows: write one of your own. ${make}`,
      );
    }
  });
  return secrets as string[];
}
