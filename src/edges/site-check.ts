import type { IncomingHttpHeaders } from 'node:http';
import { CrossSiteError } from '../errors/cross-site.error.js';

/** Methods that change nothing (RFC 9110, 9.2.1), as far as browsers send them. */
const SAFE: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** What browsers say of requests that no page of another origin has sent (Fetch Metadata, 2.3). */
const OWN: ReadonlySet<string> = new Set(['same-origin', 'none']);
/** Of more origins nothing is said in the log. */
const MOST_WARNED = 10;

/** What is looked at in a request. */
interface Asking {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Whether a request brought a session by what browsers send on their own, as cookies. */
interface Bringing {
  readonly isAmbient: boolean;
}

/**
 * Refuses what other sites' pages have browsers send: by `Sec-Fetch-Site`, and where that is missing, by `Origin` and the host
 * that was asked. A request with neither is of no browser.
 */
export class SiteCheck {
  readonly #warned = new Set<string>();

  /** @param isTrusted whether an origin may send what it likes */
  constructor(
    private readonly isTrusted: (origin: string) => boolean,
    private readonly warn: (message: string) => void,
  ) {}

  /** What is wrong with a request, if so. */
  ofRequest(request: Asking, bringing: Bringing): CrossSiteError | undefined {
    const { method } = request;
    return SAFE.has(method) ? undefined : this.#refusal(request, bringing, `${method} request`);
  }

  /** The same for what opens a socket, whatever its method. */
  ofHandshake(request: Asking, bringing: Bringing): CrossSiteError | undefined {
    return this.#refusal(request, bringing, 'WebSocket');
  }

  #refusal({ headers }: Asking, bringing: Bringing, what: string): CrossSiteError | undefined {
    if (isOwn(headers) || !bringing.isAmbient) return undefined;
    const { origin } = headers;
    if (origin !== undefined && this.isTrusted(origin)) return undefined;
    this.#warn(originOf(origin), what);
    return new CrossSiteError();
  }

  #warn(origin: string | undefined, what: string): void {
    const from = origin ?? 'a page that does not say its origin';
    if (this.#warned.size === MOST_WARNED || this.#warned.has(from)) return;
    this.#warned.add(from);
    const instead =
      origin === undefined
        ? 'There is no origin to trust, and nothing is to be done, unless it is a page of yours: that must say its origin then.'
        : `If it is to be allowed, write trustedOrigins: ['${origin}'] in the options of SessionModule.`;
    this.warn(
      `A ${what} from ${from} was refused with 403: it brought the cookie of a session, and is none of this application's own pages. ${instead}`,
    );
  }
}

function isOwn(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return OWN.has(site);
  const { origin } = headers;
  return origin === undefined || hostsOf(headers).includes(hostOf(origin));
}

/**
 * By which the browser may have asked. A proxy may have replaced the header `Host`, and says by another what it was: no page can
 * have a browser send either.
 */
function hostsOf(headers: IncomingHttpHeaders): (string | undefined)[] {
  const forwarded = headers['x-forwarded-host']?.toString().split(',', 1)[0]!.trim();
  const hosts = [headers.host, headers[':authority'] as string | undefined, forwarded];
  return hosts.map((host) => host?.toLowerCase().replace(/:(80|443)$/, ''));
}

/** In the form of the header `Host`; no host's name where the text is no origin. */
function hostOf(origin: string): string {
  return parsed(origin)?.host || ' ';
}

/** An origin as it may stand in a log. */
function originOf(header: string | undefined): string | undefined {
  const origin = header === undefined ? undefined : parsed(header)?.origin;
  return origin === 'null' ? undefined : origin;
}

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
