import type { Telling } from '../session/client-notice.js';
import type { ResolvedCookieOptions, ResolvedSessionOptions } from '../session.options.js';
import { clearedCookie, isInPath, setCookie } from '../transports/cookie.js';
import { resolveCookie } from '../transports/cookie-options.js';
import type {
  RequestTransport,
  TokenField,
  Transport,
  TransportRequest,
} from '../transports/transport.js';
import { chunkName, joined, MAX_CHUNKS, split } from './chunks.js';
import { checkRoom } from './cookie-room.js';
import type { OpenedToken, SealedText } from './sealed-text.js';

/** Reads tokens that cookies hold sealed, and tells of another by as many cookies as that takes. */
export class SealedCookieTransport implements Transport {
  readonly requestHeader = 'Cookie';

  /** @param now the clock that ends sessions */
  constructor(
    private readonly options: ResolvedSessionOptions['cookie'],
    private readonly sealedText: SealedText,
    private readonly now: () => number,
  ) {}

  in(request: TransportRequest, framework: object): RequestTransport {
    const options = resolveCookie(this.options, framework);
    if (typeof this.options === 'function') checkRoom(options);
    return new SealedCookieInRequest(options, this.sealedText, this.now, request, framework);
  }
}

class SealedCookieInRequest implements RequestTransport {
  readonly noun = 'cookie';
  readonly isAmbient = true;
  readonly isForStrangers = true;
  readonly tokens: readonly OpenedToken[];
  readonly #header: string;

  constructor(
    private readonly options: ResolvedCookieOptions,
    private readonly sealedText: SealedText,
    private readonly now: () => number,
    private readonly request: TransportRequest,
    private readonly framework: { protocol?: string },
  ) {
    this.#header = request.headers.cookie ?? '';
    this.tokens = [...this.#opened()];
  }

  /** Express takes away from `url` what it has routed by. */
  get isInReach(): boolean {
    const { originalUrl, url = '/' } = this.request;
    return isInPath(originalUrl ?? url, this.options.path);
  }

  field(telling: Telling): TokenField | undefined {
    const set = telling.kind === 'clear' ? [] : this.#set(telling);
    const values = [...set, ...this.#clearedFrom(set.length)];
    return values.length === 0 ? undefined : { name: 'Set-Cookie', values };
  }

  *#opened(): Generator<OpenedToken> {
    const { name } = this.options;
    for (const text of joined(this.#header, name)) {
      const opened = this.sealedText.open(text, name);
      if (opened) yield opened;
    }
  }

  #set({ token, expiresAtMs, isPersistent }: Exclude<Telling, { kind: 'clear' }>): string[] {
    const { options } = this;
    const isLasting = isPersistent ?? options.persistent;
    const maxAge = isLasting ? Math.round((expiresAtMs - this.now()) / 1000) : undefined;
    return split(this.sealedText.seal(token, options.name)).map((value, place) =>
      setCookie(value, this.#chunkOptions(place), this.#isSecure, maxAge),
    );
  }

  /** Takes away what the client has of a longer value, or of all. */
  #clearedFrom(place: number): string[] {
    const places = Array.from({ length: MAX_CHUNKS - place }, (_, index) => place + index);
    return places
      .map((each) => this.#chunkOptions(each))
      .filter(({ name }) => this.#header.includes(`${name}=`))
      .map((options) => clearedCookie(options, this.#isSecure));
  }

  #chunkOptions(place: number): ResolvedCookieOptions {
    return { ...this.options, name: chunkName(this.options.name, place) };
  }

  get #isSecure(): boolean {
    return this.framework.protocol === 'https';
  }
}
