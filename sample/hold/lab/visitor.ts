import { ServiceUnavailableException } from '@nestjs/common';

/** A request of the laboratory that is not answered in that time will not be. */
const PATIENCE_MS = 10_000;

/** A client with one cookie, which is all the laboratory's applications send. */
export class Visitor {
  #cookie: string | undefined;

  constructor(private readonly url: string) {}

  async get<T>(path: string): Promise<T> {
    const response = await this.#send('GET', path);
    return (await response.json()) as T;
  }

  async post(path: string): Promise<void> {
    const response = await this.#send('POST', path);
    await response.arrayBuffer();
  }

  async #send(method: string, path: string): Promise<Response> {
    const response = await fetch(`${this.url}/${path}`, {
      method,
      headers: this.#cookie === undefined ? {} : { cookie: this.#cookie },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(() => undefined);
    if (!response?.ok) {
      // As when somebody kills Redis meanwhile. A body that nobody reads would keep its connection open.
      await response?.body?.cancel();
      throw new ServiceUnavailableException();
    }
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined) this.#cookie = cookie.split(';', 1)[0];
    return response;
  }
}
