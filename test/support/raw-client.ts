import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One request on a connection of its own, with every byte of the answer as it comes. */
export class RawRequest {
  #received = '';
  readonly #closed: Promise<unknown>;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (chunk: string) => (this.#received += chunk));
    socket.on('error', () => {});
    this.#closed = once(socket, 'close');
  }

  static async send(
    url: string,
    method: string,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<RawRequest> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('')}\r\n`,
    );
    return new RawRequest(socket);
  }

  /** What has come so far. */
  get received(): string {
    return this.#received;
  }

  /** Goes away, as a browser does that is closed. */
  abort(): void {
    this.socket.destroy();
  }

  /** The whole answer, when the server has closed the connection. */
  async answer(): Promise<{ status: number; head: string; body: string; setCookies: string[] }> {
    await this.#closed;
    const end = this.#received.indexOf('\r\n\r\n');
    const head = this.#received.slice(0, end);
    return {
      status: Number(head.split(' ')[1]),
      head,
      body: this.#received.slice(end + 4),
      setCookies: [...head.matchAll(/^set-cookie: (.*)$/gim)].map((match) => match[1]!.trim()),
    };
  }
}
