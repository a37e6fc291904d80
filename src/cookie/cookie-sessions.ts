import { throwError } from 'rxjs';
import { type ClientSessions, KEEP } from '../client-sessions.js';
import type { KeepingSettings, KeptSessions } from '../kept-sessions.js';
import type { ResolvedSessionOptions } from '../session.options.js';
import { OptionsChecker } from '../session.options-checker.js';
import { Transports } from '../transports/transports.js';
import { roomProblem } from './cookie-room.js';
import { CookieStore } from './cookie-store.js';
import { ExpiryWatch } from './expiry-watch.js';
import { noServer } from './no-server.js';
import { SealedCookieTransport } from './sealed-cookie-transport.js';
import { SealedText } from './sealed-text.js';

/**
 * Keeps sessions in their cookies, encrypted and authenticated with `secret`, and nowhere else. Some of what a backend
 * promises nobody can promise then: docs/cookie.md.
 *
 * ```ts
 * SessionModule.forRoot({ secret, backend: cookieSessions() });
 * ```
 */
export function cookieSessions(): ClientSessions {
  return { [KEEP]: keep };
}

/** @throws SessionOptionsError where options ask for what needs a server */
function keep(secrets: readonly string[], { options, ...settings }: KeepingSettings): KeptSessions {
  checkOptions(options);
  const { idleMs, absoluteMs, cookie } = options;
  const store = new CookieStore({ ...settings, lifetime: { idleMs, absoluteMs } });
  const transport = new SealedCookieTransport(cookie, new SealedText(secrets), () => store.now());
  const endWatch = new ExpiryWatch();
  return {
    store,
    transports: new Transports([transport]),
    byId: {
      lifetime: store.lifetime,
      now: () => store.now(),
      peek: refuse,
      end: refuse,
    },
    byPrincipal: { list: refuse, revoke: refuse, revokeAll: refuse },
    ends: throwError(noServer),
    check: { check: async () => {} },
    issue: () => refuse,
    sockets: { idIn: () => undefined, identityIn: () => undefined, opensAtOnce: true },
    endWatch,
    working: [endWatch],
  };
}

async function refuse(): Promise<never> {
  throw noServer();
}

function checkOptions(options: ResolvedSessionOptions): void {
  const check = new OptionsChecker();
  const { transports, sessionLimit, renewIntervalMs, cookie, migration } = options;
  if (transports.includes('bearer')) {
    check.problem(
      "transports names 'bearer': with cookieSessions() each change gives another token, and a client that loses one answer would lose what it has changed. Write ['cookie'], or keep sessions in a backend",
    );
  }
  if (sessionLimit) {
    check.problem(
      'principals.maxSessions: with cookieSessions() nobody knows how many sessions a user has. Leave it out, or keep sessions in a backend',
    );
  }
  if (renewIntervalMs !== Infinity) {
    check.problem(
      'renewInterval: with cookieSessions() an old cookie opens its session as long as a new one. Leave it out, or keep sessions in a backend',
    );
  }
  if (migration) {
    check.problem(
      'migrate: with cookieSessions() nobody knows which sessions were imported and have ended. Leave it out, or keep sessions in a backend',
    );
  }
  const room = typeof cookie === 'function' ? undefined : roomProblem(cookie);
  if (room !== undefined) check.problem(room);
  check.fail();
}
