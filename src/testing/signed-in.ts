import type { INestApplicationContext } from '@nestjs/common';
import { parseSetCookie, type SetCookie } from 'cookie';
import { issueSession, type IssueOptions } from '../session/issued-session.js';
import { SESSION_PARTS, type SessionParts } from '../session.factory.js';
import type { TransportRequest } from '../transports/transport.js';

/** A client that is signed in. What it sends is a secret, like a password, of this application alone. */
export interface SignedInClient {
  /** The session's id, for `SessionService.get(id)` and `revoke(id)`. */
  readonly id: string;
  /** What it sends with each request, by the first of the option `transports`: for supertest's `set()`, and `inject({ headers })`. */
  readonly headers: { readonly cookie: string } | { readonly authorization: string };
  /** The request header `Cookie`; `undefined` where `transports` has no `'cookie'`. */
  readonly cookie: string | undefined;
  /** The request header `Authorization`; `undefined` where `transports` has no `'bearer'`. */
  readonly bearer: string | undefined;
  /** For `context.addCookies()` of Playwright. @param url where the application is reached */
  cookies(url: string): BrowserCookie[];
}

/** A cookie as Playwright takes it. */
export interface BrowserCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: 'Strict' | 'Lax' | 'None';
}

/** What {@link signedIn} takes beside data. */
export interface SignedInOptions extends Pick<IssueOptions, 'lifetime'> {
  /** What the option `cookie` is called with, where it is a function: `{ headers: { host: 'a.example' } }`. */
  readonly request?: TransportRequest;
}

const SAME_SITES = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

/**
 * Signs a principal in, with no request and no password, and gives what its client sends from then on.
 *
 * ```ts
 * const ada = await signedIn(app, 'ada', { cart: ['tea'] });
 * await request(app.getHttpServer()).get('/cart').set(ada.headers).expect(200);
 * ```
 * @param app the application, or the testing module that it was compiled from
 * @param data what the session holds besides
 * @throws TypeError where the principal is no text, or a value of the data is wrong
 * @throws Error where the application has no `SessionModule`
 */
export async function signedIn(
  app: INestApplicationContext,
  principal: string,
  data?: IssueOptions['data'],
  { lifetime, request = { headers: {}, url: '/' } }: SignedInOptions = {},
): Promise<SignedInClient> {
  const { runtime, transports } = partsOf(app).testing;
  const issued = { ...(data && { data }), ...(lifetime && { lifetime }) };
  const { id, telling } = await issueSession(runtime, principal, issued);
  const fields = transports.fields(request, telling);
  const cookies = fields.flatMap(({ name, values }) =>
    name === 'Set-Cookie'
      ? values.map((value) => parseSetCookie(value, { decode: (text) => text }))
      : [],
  );
  const pairs = cookies.map(({ name, value }) => `${name}=${value}`);
  const cookie = pairs.length > 0 ? pairs.join('; ') : undefined;
  const token = fields.find(({ name }) => name === 'Session-Token')?.values[0];
  const bearer = token === undefined ? undefined : `Bearer ${token}`;
  const isBearerFirst = fields[0]?.name === 'Session-Token';
  return {
    id,
    headers: isBearerFirst || cookie === undefined ? { authorization: bearer! } : { cookie },
    cookie,
    bearer,
    cookies: (url) => cookies.map((each) => browserCookie(each, url)),
  };
}

function browserCookie(cookie: SetCookie, url: string): BrowserCookie {
  const { name, value = '', path = '/', httpOnly = false, secure = false, sameSite } = cookie;
  return {
    name,
    value,
    domain: cookie.domain ?? new URL(url).hostname,
    path,
    httpOnly,
    secure,
    sameSite: SAME_SITES[(sameSite as keyof typeof SAME_SITES | undefined) ?? 'lax'],
  };
}

function partsOf(app: INestApplicationContext): SessionParts {
  try {
    return app.get<SessionParts>(SESSION_PARTS, { strict: false });
  } catch (cause) {
    throw new Error(
      'signedIn(app): the application has no SessionModule. Import SessionModule.forRoot({ secret }) in the module under test.',
      { cause },
    );
  }
}
