import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP relay in front of a server, which can hold replies for a while and end in the middle of one. */
export class BadLine {
  /** How long each reply is held from now on. */
  delayMs = 0;
  readonly #sockets = new Set<Socket>();
  #bytesLeft = Infinity;
  #next: { bytes: number; command: string } | undefined;
  /** How often a connection was cut. */
  cuts = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(target: number): Promise<BadLine> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const line = new BadLine(server, (server.address() as { port: number }).port);
    server.on('connection', (client) => line.#join(client, connect(target, '127.0.0.1')));
    return line;
  }

  /**
   * Cuts the connection, once, when so many bytes of replies have come through after the next command that contains a
   * text.
   */
  cutAfter(bytes: number, command: string): void {
    this.#next = { bytes, command };
  }

  /** Cuts no more. */
  mend(): void {
    this.#next = undefined;
    this.#bytesLeft = Infinity;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #join(client: Socket, target: Socket): void {
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.on('data', (commands) => {
      if (this.#next && commands.includes(this.#next.command)) {
        this.#bytesLeft = this.#next.bytes;
        this.#next = undefined;
      }
      target.write(commands);
    });
    let passing: Promise<unknown> | undefined;
    target.on('data', (reply: Buffer) => {
      const atMs = performance.now() + this.delayMs;
      if (this.delayMs === 0 && !passing) return this.#pass(client, reply);
      passing = (passing ?? Promise.resolve())
        .then(() => sleep(atMs - performance.now()))
        .then(() => this.#pass(client, reply));
    });
  }

  #pass(client: Socket, reply: Buffer): void {
    if (reply.length < this.#bytesLeft) {
      this.#bytesLeft -= reply.length;
      client.write(reply);
      return;
    }
    const part = reply.subarray(0, this.#bytesLeft);
    this.mend();
    this.cuts++;
    client.write(part, () => client.destroy());
  }
}
