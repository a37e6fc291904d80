import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TcpRelay } from './tcp-relay.js';

/** A TCP relay in front of a server, which can hold replies for a while and end in the middle of one. */
export class BadLine extends TcpRelay {
  /** How long each reply is held from now on. */
  delayMs = 0;
  #bytesLeft = Infinity;
  #next: { bytes: number; command: string } | undefined;
  /** How often a connection was cut. */
  cuts = 0;

  static to(target: number): Promise<BadLine> {
    return new BadLine().start(target);
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

  protected carry(client: Socket, target: Socket): void {
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
