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

  static async begin(variant: Variant, port: number): Promise<Visitor> {
    const { shape } = variant;
    const path = shape ? `sized/${shape.fields}/${shape.kilobytes}` : 'session';
    return new Visitor(variant, port, await beginSession(port, path));
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
    const { route, sendsCookie, shape } = this.variant;
    const path = shape ? `sized/${route}` : route;
    return getRequest(this.port, path, sendsCookie ? this.cookie : undefined);
  }

  #check(status: number, body: string): void {
    const { route, isInCookie } = this.variant;
    const visits = this.#visits + (route === 'write' ? 1 : 0);
    if (!isInCookie) this.#visits = visits;
    const expected: Answer = { visits, theme: THEME };
    if (status !== 200 || body !== JSON.stringify(expected)) {
      throw new Error(`answered ${status} ${body} instead of 200 ${JSON.stringify(expected)}`);
    }
  }
}

/** Begins a session as a browser does, by a request whose answer sets the cookie; what to send back from then on. */
export async function beginSession(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, { method: 'POST' });
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
  if (response.status !== 201 || !cookie) {
    throw new Error(`POST /${path} answered ${response.status}, cookie: ${cookie}`);
  }
  await response.arrayBuffer();
  return cookie;
}

/** The text of a request for a `Connection`. */
export function getRequest(port: number, path: string, cookie: string | undefined): string {
  const head = [`GET /${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Accept: */*'];
  if (cookie !== undefined) head.push(`Cookie: ${cookie}`);
  return `${head.join('\r\n')}\r\n\r\n`;
}
