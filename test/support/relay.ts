import type { Socket } from 'node:net';
import { TcpRelay } from './tcp-relay.js';

/** Begins a reply that is an error. */
const ERROR = '-'.charCodeAt(0);

/** A TCP relay in front of a server, which can let a command through and lose its reply, or keep commands for later. */
export class Relay extends TcpRelay {
  #command: string | undefined;
  #onLost: () => void = () => {};
  /** What is to be sent when the stall ends. */
  #kept: (() => void)[] | undefined;
  /** How often a connection was cut. */
  cuts = 0;

  static to(target: number): Promise<Relay> {
    return new Relay().start(target);
  }

  /**
   * Cuts the connection when the reply to the next command that contains a text comes, before it reaches the client.
   * A reply that is an error, such as Cluster's MOVED, is let through: that command has changed nothing.
   */
  loseReplyTo(command: string | undefined, onLost = () => {}): void {
    this.#command = command;
    this.#onLost = onLost;
  }

  /** From now on no command gets through until `resume`. */
  stall(): void {
    this.#kept ??= [];
  }

  /** Sends all that was kept, in its order. */
  resume(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const send of kept) send();
  }

  protected carry(client: Socket, target: Socket): void {
    let losesReply = false;
    client.on('data', (commands) => {
      losesReply ||= this.#command !== undefined && commands.includes(this.#command);
      if (this.#kept) this.#kept.push(() => target.write(commands));
      else target.write(commands);
    });
    target.on('data', (reply) => {
      losesReply &&= this.#command !== undefined && reply[0] !== ERROR;
      if (!losesReply) return void client.write(reply);
      this.#command = undefined;
      this.cuts++;
      this.#onLost();
      client.destroy();
    });
  }
}
