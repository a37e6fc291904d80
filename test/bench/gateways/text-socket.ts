import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
/** Of the head of a frame: the last one of a text, and its length where that does not fit into seven bits (RFC 6455, 5.2). */
const TEXT = 0x81;
const LONG = 126;
const MASKED = 0x80;
/** Any value will do, and this one leaves the text as it is. */
const MASK = Buffer.alloc(4);

/** The frame of a text that a client sends. */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  if (length > 0xffff) throw new Error('A message of a benchmark is short');
  const head =
    length < LONG ? [TEXT, MASKED | length] : [TEXT, MASKED | LONG, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), MASK, Buffer.from(text)]);
}

/**
 * A WebSocket of short texts. It knows no more of the protocol than the servers here speak, so that the load takes as
 * little as possible of the machine that it shares with them.
 */
export class TextSocket {
  /** Called with each text; until somebody sets it they are kept for `next`. */
  onText: (text: string) => void = (text) => void this.#early.push(text);
  /** Called where the server has closed the connection. */
  onEnd: (error: Error) => void = () => {};
  #received: Buffer = Buffer.alloc(0);
  readonly #early: string[] = [];

  private constructor(private readonly socket: Socket) {}

  static async open(port: number, path: string, cookie: string | undefined): Promise<TextSocket> {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    const opened = new TextSocket(socket);
    const head = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
    ];
    if (cookie !== undefined) head.push(`Cookie: ${cookie}`);
    socket.write(head.join('\r\n') + HEAD_END);
    await opened.#upgraded();
    return opened;
  }

  /** The next text of those that come before `onText` is set. */
  async next(): Promise<string> {
    while (this.#early.length === 0) await once(this.socket, 'data');
    return this.#early.shift()!;
  }

  send(frame: Buffer): void {
    this.socket.write(frame);
  }

  close(): void {
    this.socket.removeAllListeners('close').destroy();
  }

  async #upgraded(): Promise<void> {
    const { socket } = this;
    let head = '';
    while (!head.includes(HEAD_END)) {
      const [data] = (await once(socket, 'data')) as [Buffer];
      head += data.toString('latin1');
    }
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`answered ${head.split('\r\n')[0]}`);
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => {});
    socket.on('close', () => this.onEnd(new Error('a server has closed a socket')));
    // What came with the head.
    const rest = head.slice(head.indexOf(HEAD_END) + HEAD_END.length);
    this.#receive(Buffer.from(rest, 'latin1'));
  }

  #receive(data: Buffer): void {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, data]) : data;
    for (;;) {
      const received = this.#received;
      const isLong = received[1] === LONG;
      const from = isLong ? 4 : 2;
      if (received.length < from) return;
      const end = from + (isLong ? received.readUInt16BE(2) : received[1]!);
      if (received[0] !== TEXT) throw new Error(`A frame that is no text: ${received[0]}`);
      if (received.length < end) return;
      this.#received = received.subarray(end);
      this.onText(received.toString('latin1', from, end));
    }
  }
}
