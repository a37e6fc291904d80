import type { Socket } from 'node:net';
import { TcpRelay } from './tcp-relay.js';

/** A relay that can lose what is published to those who are subscribed now, with their connections left open. */
export class DeafRelay extends TcpRelay {
  readonly #subscribed = new Set<Socket>();
  readonly #deaf = new Set<Socket>();

  static to(target: number): Promise<DeafRelay> {
    return new DeafRelay().start(target);
  }

  deafen(): void {
    for (const client of this.#subscribed) this.#deaf.add(client);
  }

  protected carry(client: Socket, target: Socket): void {
    client.on('data', (commands) => {
      if (/\bsubscribe\b/i.test(commands.toString('latin1'))) this.#subscribed.add(client);
      target.write(commands);
    });
    target.on('data', (reply) => {
      if (!this.#deaf.has(client)) client.write(reply);
    });
  }
}
