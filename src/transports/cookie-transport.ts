import type { Telling } from '../session/client-notice.js';
import type { ResolvedCookieOptions, ResolvedSessionOptions } from '../session.options.js';
import { clearedCookie, isInPath, readTokens, tokenCookie } from './cookie.js';
import { resolveCookie } from './cookie-options.js';
import type { SignedToken } from './signed-token.js';
import type {
  RequestTransport,
  TokenField,
  Transport,
  TransportRequest,
  TransportSettings,
} from './transport.js';

/** Reads the Cookie header and tells of a token, of a longer life of it, and of its end by Set-Cookie. */
export class CookieTransport implements Transport {
  readonly requestHeader = 'Cookie';

  constructor(
    private readonly settings: TransportSettings,
    private readonly options: ResolvedSessionOptions['cookie'],
  ) {}

  in(request: TransportRequest, framework: object): RequestTransport {
    return new CookieInRequest(
      this.settings,
      resolveCookie(this.options, framework),
      request,
      framework,
    );
  }
}

class CookieInRequest implements RequestTransport {
  readonly noun = 'cookie';
  readonly isAmbient = true;
  readonly isForStrangers = true;
  readonly tokens: readonly SignedToken[];

  constructor(
    private readonly settings: TransportSettings,
    private readonly options: ResolvedCookieOptions,
    private readonly request: TransportRequest,
    private readonly framework: { protocol?: string },
  ) {
    this.tokens = readTokens(request.headers.cookie, options.name, settings.signatures);
  }

  /** Express takes away from `url` what it has routed by. */
  get isInReach(): boolean {
    const { originalUrl, url = '/' } = this.request;
    return isInPath(originalUrl ?? url, this.options.path);
  }

  field(telling: Telling): TokenField | undefined {
    const value = this.#setCookie(telling);
    return value === undefined ? undefined : { name: 'Set-Cookie', values: [value] };
  }

  #setCookie(telling: Telling): string | undefined {
    const { options } = this;
    const isSecure = this.framework.protocol === 'https';
    if (telling.kind === 'clear') {
      const isKnown = this.request.headers.cookie?.includes(`${options.name}=`);
      return isKnown ? clearedCookie(options, isSecure) : undefined;
    }
    const { kind, token, expiresAtMs } = telling;
    const isPersistent = telling.isPersistent ?? options.persistent;
    if (kind === 'life' && !isPersistent && !this.#isSignedAnew(token)) return undefined;
    const { signatures, now } = this.settings;
    const maxAge = isPersistent ? Math.round((expiresAtMs - now()) / 1000) : undefined;
    return tokenCookie(token, options, signatures, isSecure, maxAge);
  }

  /** Whether the cookie of a token was signed with a secret that no longer signs: another is due whatever its life. */
  #isSignedAnew(token: string): boolean {
    return this.tokens.some((signed) => signed.isOld && signed.token === token);
  }
}
