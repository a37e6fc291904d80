import { parseSetCookie } from 'cookie';
import type { CookieChange } from '../history.js';

const NAME = 'sid';

/** Gives each token a name, so that a history holds no secrets and is short. */
export class TokenNames {
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, string>();

  nameOf(value: string): string {
    const known = this.#names.get(value);
    if (known) return known;
    const name = `t${this.#names.size + 1}`;
    this.#names.set(value, name);
    this.#values.set(name, value);
    return name;
  }

  cookieOf(name: string): string {
    return `${NAME}=${this.#values.get(name)!}`;
  }
}

/** One browser's cookies: its tabs share them, and each answer changes them when its head comes. */
export class CookieJar {
  /** The token that it has now. */
  token: string | undefined;
  /** All that it ever had, newest last. */
  readonly past: string[] = [];

  constructor(private readonly names: TokenNames) {}

  /** Applies the Set-Cookie headers of an answer; what they change. */
  take(headers: readonly string[]): CookieChange | undefined {
    let change: CookieChange | undefined;
    for (const header of headers) {
      const { name, value, maxAge } = parseSetCookie(header);
      if (name === NAME) change = this.#apply(value ?? '', maxAge);
    }
    return change;
  }

  #apply(value: string, maxAge: number | undefined): CookieChange {
    if (maxAge === 0) {
      this.token = undefined;
      return 'cleared';
    }
    const token = this.names.nameOf(value);
    this.token = token;
    if (this.past.at(-1) !== token) this.past.push(token);
    return { token, ...(maxAge !== undefined && { maxAge }) };
  }
}
