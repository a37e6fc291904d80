import type { Telling } from '../session/client-notice.js';
import { readSigned, SIGNED_LENGTH, type SignedToken, signToken } from './signed-token.js';
import type {
  RequestTransport,
  TokenField,
  Transport,
  TransportRequest,
  TransportSettings,
} from './transport.js';

const SCHEME = /^bearer +/i;
const FIELD_NAME = 'Session-Token';

const NONE: readonly SignedToken[] = [];

/**
 * Reads `Authorization: Bearer <token>.<signature>` (RFC 6750, 2.1) and tells of a new token by the response header
 * `Session-Token`, of the same form; an empty one says that there is no session any more. Without the mark `s:` that
 * cookies have: a colon can't stand in a bearer token (RFC 6750, 2.1, `b64token`).
 */
export class BearerTransport implements Transport {
  readonly requestHeader = 'Authorization';

  constructor(private readonly settings: TransportSettings) {}

  in(request: TransportRequest): RequestTransport {
    return new BearerInRequest(this.settings, request);
  }
}

class BearerInRequest implements RequestTransport {
  readonly noun = `${FIELD_NAME} header`;
  readonly isAmbient = false;
  readonly isForStrangers = false;
  readonly isInReach = true;
  readonly tokens: readonly SignedToken[];

  constructor(
    private readonly settings: TransportSettings,
    request: TransportRequest,
  ) {
    const credentials = credentialsOf(request.headers.authorization);
    const signed = credentials && readSigned(credentials, settings.signatures);
    this.tokens = signed ? [signed] : NONE;
  }

  /** A longer life is no news to a client that keeps its token until it is told otherwise. */
  field(telling: Telling): TokenField | undefined {
    const [brought] = this.tokens;
    if (telling.kind === 'clear') return brought && { name: FIELD_NAME, values: [''] };
    const { kind, token } = telling;
    const isSignedAnew = brought?.isOld === true && brought.token === token;
    if (kind === 'life' && !isSignedAnew) return undefined;
    return { name: FIELD_NAME, values: [signToken(token, this.settings.signatures)] };
  }
}

/** What a header of the scheme Bearer carries, where that could be ours. Node keeps the first of several such headers. */
function credentialsOf(header: string | undefined): string | undefined {
  const scheme = SCHEME.exec(header ?? '')?.[0];
  if (!header || !scheme || header.length !== scheme.length + SIGNED_LENGTH) return undefined;
  return header.slice(scheme.length);
}
