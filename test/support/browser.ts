import { parseSetCookie, stringifyCookie } from 'cookie';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
  setCookies: string[];
}

/** A session cookie's value whose token is real and whose signature is wrong by one character. */
export function forged(sid: string): string {
  const at = sid.indexOf('.') + 1;
  return sid.slice(0, at) + (sid[at] === 'A' ? 'B' : 'A') + sid.slice(at + 1);
}

/** Keeps cookies between requests, as a browser does; follows no redirects. */
export class Browser {
  readonly cookies: Record<string, string> = {};

  constructor(private readonly url: string) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, headers);
  }

  post(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', path, headers);
  }

  postJson(path: string, body: object): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return this.request('POST', path, headers, JSON.stringify(body));
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
      headers: { ...(cookie && { cookie }), ...headers },
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
    };
  }

  /** The same browser on another page: shares nothing but the cookies of now. */
  copy(): Browser {
    const other = new Browser(this.url);
    Object.assign(other.cookies, this.cookies);
    return other;
  }
}
