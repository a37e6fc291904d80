import type { IncomingHttpHeaders } from 'node:http';
import type { Telling } from '../session/client-notice.js';
import type { Signature } from './signature.js';
import type { SignedToken } from './signed-token.js';

export type TransportName = 'cookie' | 'bearer';

/** What is looked at in a request. The handshake of a WebSocket has it too. */
export interface TransportRequest {
  readonly headers: IncomingHttpHeaders;
  /** Its target. Express keeps the whole of it in `originalUrl`. */
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
}

/** A field of a response's head that tells a client of its token: a line for each of its values. */
export interface TokenField {
  readonly name: 'Set-Cookie' | 'Session-Token';
  readonly values: readonly string[];
}

/** What every transport of an application needs. */
export interface TransportSettings {
  /** Of each secret: the first signs, all verify. */
  readonly signatures: readonly Signature[];
  /** The clock that ends sessions, milliseconds since 1970. */
  now(): number;
}

/** A way for tokens to travel between clients and an application. */
export interface Transport {
  /** The request's header that it reads, which answers therefore vary by. */
  readonly requestHeader: string;
  /**
   * It in one request. Nothing is written by that, so that there need be no response.
   * @param framework the request of Express or Fastify, where there is one
   * @throws SessionOptionsError where a function among the options gives wrong ones
   */
  in(request: TransportRequest, framework: object): RequestTransport;
}

/** A transport in one request. */
export interface RequestTransport {
  /** What it writes, for messages. */
  readonly noun: string;
  /** The request's tokens whose signatures are right. */
  readonly tokens: readonly SignedToken[];
  /** Whether browsers send its tokens by themselves, whichever site's page asks them to. */
  readonly isAmbient: boolean;
  /** Whether a client that brought no token may be given one this way, though it may come by others. */
  readonly isForStrangers: boolean;
  /** Whether a client would come back with a token that the response to this request gives it. */
  readonly isInReach: boolean;
  /** What tells the client; `undefined` where it need not be told this way. Nothing is written. */
  field(telling: Telling): TokenField | undefined;
}
