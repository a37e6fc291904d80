import { createHmac } from 'node:crypto';
import { showValue } from '../errors/show-value.js';
import type { OptionsChecker } from '../session.options-checker.js';
import type {
  ResolvedMigration,
  ResolvedSessionOptions,
  SessionOptions,
} from '../session.options.js';
import { isMigration } from './migration.js';

export function checkMigration(
  check: OptionsChecker,
  migrate: unknown,
  cookie: ResolvedSessionOptions['cookie'],
): void {
  if (migrate === undefined) return;
  if (!isMigration(migrate)) {
    check.problem(
      `migrate is ${showValue(migrate)}: write expressSession({ store, secret }) of nestjs-server-session/express-session`,
    );
  } else if (typeof cookie !== 'function' && cookie.name === migrate.oldCookieName) {
    check.problem(
      `cookie.name ${showValue(cookie.name)} is that of the cookie to migrate, which the new one would replace while old processes still need it: write another cookie.name`,
    );
  }
}

/** By the oldest secret, which stays where others are added. */
export function resolveMigration(
  migrate: SessionOptions['migrate'],
  secrets: readonly string[],
): ResolvedMigration | undefined {
  if (!migrate) return undefined;
  const key = createHmac('sha256', secrets.at(-1)!).update('migrate').digest();
  return { migrate, derive: (text) => createHmac('sha256', key).update(text).digest() };
}
