import { FIRST_VISIT, THEME } from '../contents.js';
import { PROTOCOLS } from './protocol.js';
import type { TextSocket } from './text-socket.js';
import type { GatewayVariant } from './variants.js';

/** What becomes of the messages of many clients. */
export interface Listener {
  answered(latencyMs: number): void;
  failed(error: Error): void;
}

/** A client of a gateway with a session of its own, so that what each answer must be is known. */
export class Client {
  #visits = FIRST_VISIT;
  #sentAtMs: number | undefined;
  #listener: Listener | undefined;
  /** Why no more messages can be sent. */
  #end: Error | undefined;

  private constructor(
    private readonly variant: GatewayVariant,
    private readonly socket: TextSocket,
    private readonly message: Buffer,
  ) {}

  static async connect(
    variant: GatewayVariant,
    port: number,
    cookie: string | undefined,
  ): Promise<Client> {
    const protocol = PROTOCOLS[variant.platform];
    const socket = await protocol.open(port, cookie);
    const client = new Client(variant, socket, protocol.message(variant.use));
    socket.onText = (text) => client.#receive(text);
    socket.onEnd = (error) => {
      client.#end = error;
      client.#listener?.failed(error);
    };
    return client;
  }

  /** Whether its last message was not answered yet: one is on its way at a time. */
  get isWaiting(): boolean {
    return this.#sentAtMs !== undefined;
  }

  /** Sends a message. @param dueAtMs from when its answer is waited for */
  send(listener: Listener, dueAtMs: number): void {
    this.#listener = listener;
    if (this.#end) return listener.failed(this.#end);
    if (this.variant.use === 'write') this.#visits++;
    this.#sentAtMs = dueAtMs;
    this.socket.send(this.message);
  }

  close(): void {
    this.socket.close();
  }

  #receive(text: string): void {
    const { answer, reply } = PROTOCOLS[this.variant.platform];
    const expected = answer({ visits: this.#visits, theme: THEME });
    if (text === expected && this.#sentAtMs !== undefined) {
      const latencyMs = performance.now() - this.#sentAtMs;
      this.#sentAtMs = undefined;
      return this.#listener?.answered(latencyMs);
    }
    const replied = reply(text);
    if (replied) this.socket.send(replied);
    else this.#listener?.failed(new Error(`answered ${text} instead of ${expected}`));
  }
}
