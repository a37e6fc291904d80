import { Connection } from './connection.js';
import { type Answer, FIRST_VISIT, THEME } from './contents.js';
import type { Variant } from './variants.js';

/**
 * One client with a session of its own, so that what each answer must be is known: peers lose updates when requests of
 * one session run in parallel.
 */
export class Visitor {
  #visits = FIRST_VISIT;

  private constructor(
    private readonly variant: Variant,
    private readonly port: number,
    private readonly cookie: string,
  ) {}

  /** Begins a session as a browser does: by a request whose answer sets the cookie. */
  static async begin(variant: Variant, port: number): Promise<Visitor> {
    const response = await fetch(`http://127.0.0.1:${port}/session`, { method: 'POST' });
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
    if (response.status !== 201 || !cookie) {
      throw new Error(`POST /session answered ${response.status}, cookie: ${cookie}`);
    }
    await response.arrayBuffer();
    return new Visitor(variant, port, cookie);
  }

  /** Sends requests one after another and checks each answer; how long each took, in milliseconds. */
  async visit(requests: number): Promise<number[]> {
    const request = this.#request();
    const latencies: number[] = [];
    const connection = await Connection.open(this.port);
    try {
      for (let i = 0; i < requests; i++) {
        const startedAt = performance.now();
        const { status, body } = await connection.send(request);
        latencies.push(performance.now() - startedAt);
        this.#check(status, body);
      }
    } finally {
      connection.close();
    }
    return latencies;
  }

  #request(): string {
    const { route, sendsCookie } = this.variant;
    const head = [`GET /${route} HTTP/1.1`, `Host: 127.0.0.1:${this.port}`, 'Accept: */*'];
    if (sendsCookie) head.push(`Cookie: ${this.cookie}`);
    return `${head.join('\r\n')}\r\n\r\n`;
  }

  #check(status: number, body: string): void {
    if (this.variant.route === 'write') this.#visits++;
    const expected: Answer = { visits: this.#visits, theme: THEME };
    if (status !== 200 || body !== JSON.stringify(expected)) {
      throw new Error(`answered ${status} ${body} instead of 200 ${JSON.stringify(expected)}`);
    }
  }
}
