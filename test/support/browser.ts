import { parseSetCookie, stringifyCookie } from 'cookie';

/** How a browser keeps its session's token. */
export type TransportName = 'cookie' | 'bearer';
export const TRANSPORTS: TransportName[] = ['cookie', 'bearer'];

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
  setCookies: string[];
  /** What the answer says of the session's token: Set-Cookie headers, or what the header `Session-Token` holds. */
  told: string[];
}

/** A session cookie's value whose token is real and whose signature is wrong by one character. */
export function forged(sid: string): string {
  const at = sid.indexOf('.') + 1;
  return sid.slice(0, at) + (sid[at] === 'A' ? 'B' : 'A') + sid.slice(at + 1);
}

/**
 * Keeps cookies between requests, as a browser does; follows no redirects. By bearer it keeps the session's token as an
 * application does that is told of it by `Session-Token`.
 */
export class Browser {
  readonly cookies: Record<string, string> = {};
  #bearer: string | undefined;

  constructor(
    private readonly url: string,
    private readonly transport: TransportName = 'cookie',
  ) {}

  /** The session's token, `<token>.<signature>`. */
  get token(): string | undefined {
    return this.transport === 'bearer' ? this.#bearer : this.cookies['sid']?.slice(2);
  }
  set token(signed: string | undefined) {
    if (this.transport === 'bearer') this.#bearer = signed;
    else if (signed === undefined) delete this.cookies['sid'];
    else this.cookies['sid'] = `s:${signed}`;
  }

  get #authorization(): Record<string, string> {
    return this.#bearer === undefined ? {} : { authorization: `Bearer ${this.#bearer}` };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, headers);
  }

  post(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', path, headers);
  }

  postJson(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    const all = { 'content-type': 'application/json', ...headers };
    return this.request('POST', path, all, JSON.stringify(body));
  }

  async request(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Answer> {
    const cookie = stringifyCookie(this.cookies);
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(cookie && { cookie }), ...this.#authorization, ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    const setCookies = response.headers.getSetCookie();
    for (const header of setCookies) {
      const { name, value, maxAge } = parseSetCookie(header);
      if (maxAge === 0) delete this.cookies[name];
      else this.cookies[name] = value ?? '';
    }
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: <T>() => JSON.parse(text) as T,
      setCookies,
      told: this.#hear(response.headers),
    };
  }

  /** What is said of the token, which must not come by the other way. */
  #hear(headers: Headers): string[] {
    const cookies = headers.getSetCookie().filter((cookie) => cookie.startsWith('sid='));
    const header = headers.get('session-token');
    if (this.transport === 'cookie') {
      if (header !== null) throw new Error('A token that came by a cookie left by a header');
      return cookies;
    }
    if (cookies.length > 0) throw new Error('A token that came by bearer left by a cookie');
    if (header === null) return [];
    this.#bearer = header || undefined;
    return [header];
  }

  /** The same browser on another page: shares nothing but the cookies and the token of now. */
  copy(): Browser {
    const other = new Browser(this.url, this.transport);
    other.#bearer = this.#bearer;
    Object.assign(other.cookies, this.cookies);
    return other;
  }
}
