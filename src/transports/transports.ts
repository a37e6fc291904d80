import type { Telling } from '../session/client-notice.js';
import type { ResolvedSessionOptions } from '../session.options.js';
import { BearerTransport } from './bearer.js';
import { CookieTransport } from './cookie-transport.js';
import type { RequestTransport, TokenField, Transport, TransportRequest } from './transport.js';

type SignedTransportsOptions = Pick<ResolvedSessionOptions, 'signatures' | 'cookie' | 'transports'>;

const NONE: readonly string[] = [];

/** The ways in which tokens travel between one application and its clients. */
export class Transports {
  /** The request's headers that decide which session it has, as `Vary` names them. */
  readonly vary: string;
  readonly #transports: readonly Transport[];

  /** @param importable the tokens of sessions that may have to be imported first, by the Cookie header */
  constructor(
    transports: readonly Transport[],
    private readonly importable: (header: string | undefined) => readonly string[] = () => NONE,
  ) {
    this.#transports = transports;
    this.vary = transports.map(({ requestHeader }) => requestHeader).join(', ');
  }

  /**
   * The tokens of a request, which may be a handshake: `{ headers }` is enough.
   * @param framework what the option `cookie` is called with, where it is a function
   * @throws SessionOptionsError where that gives wrong options
   */
  in(request: TransportRequest, framework: object = request): RequestTokens {
    return new RequestTokens(
      this.#transports.map((each) => each.in(request, framework)),
      () => this.importable(request.headers.cookie),
    );
  }

  /** How each of them would tell a client of a token. @throws SessionOptionsError as above */
  fields(request: TransportRequest, telling: Telling): TokenField[] {
    return this.#transports.flatMap((each) => each.in(request, request).field(telling) ?? []);
  }
}

/**
 * Those that the option `transports` names, of signed tokens.
 * @param now the clock that ends sessions, milliseconds since 1970
 */
export function signedTransports(
  { signatures, cookie, transports }: SignedTransportsOptions,
  now: () => number,
  importable?: (header: string | undefined) => readonly string[],
): Transports {
  const settings = { signatures, now };
  return new Transports(
    transports.map((name) =>
      name === 'cookie' ? new CookieTransport(settings, cookie) : new BearerTransport(settings),
    ),
    importable,
  );
}

/** The tokens that a request came with, and how its client is told of another. */
export class RequestTokens {
  readonly #transports: readonly RequestTransport[];
  #importable: readonly string[] | undefined;
  /**
   * The one whose token counts. As long as none does: the first that brought one whose signature is right, as that client
   * uses it; for a client that brought none the one for strangers, where there is such a one.
   */
  #used: RequestTransport;

  constructor(
    transports: readonly RequestTransport[],
    private readonly findImportable: () => readonly string[],
  ) {
    this.#transports = transports;
    this.#used =
      transports.find(({ tokens }) => tokens.length > 0) ??
      transports.find(({ isForStrangers }) => isForStrangers) ??
      transports[0]!;
  }

  /** Those whose signatures are right, in the order in which they are to be tried. */
  get all(): readonly string[] {
    return this.#transports.flatMap(({ tokens }) => tokens.map(({ token }) => token));
  }

  /** Tokens of sessions that may have to be imported, for whoever finds none by the others. */
  get importable(): readonly string[] {
    return (this.#importable ??= this.findImportable());
  }

  /** Whether the session is looked for by what a browser has sent by itself. */
  get isAmbient(): boolean {
    const { tokens, isAmbient } = this.#used;
    return tokens.length > 0 ? isAmbient : this.importable.length > 0;
  }

  /** Has the token of one place in `all` decide how its client is told of another. */
  use(place: number): void {
    let left = place;
    for (const transport of this.#transports) {
      if (left < transport.tokens.length) return void (this.#used = transport);
      left -= transport.tokens.length;
    }
  }

  /** What the client is told by, for messages. */
  get noun(): string {
    return this.#used.noun;
  }

  /** Whether the client would come back with a token that it is given now. */
  get isInReach(): boolean {
    return this.#used.isInReach;
  }

  /** The field of the response's head that tells the client; `undefined` where it need not be told. */
  field(telling: Telling): TokenField | undefined {
    return this.#used.field(telling);
  }
}
