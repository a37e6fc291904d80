import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Begins a reply that is an error. */
const ERROR = '-'.charCodeAt(0);

/** A TCP relay in front of a server, which can let a command through and lose its reply. */
export class Relay {
  readonly #sockets = new Set<Socket>();
  #command: string | undefined;
  #onLost: () => void = () => {};
  /** How often a connection was cut. */
  cuts = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(target: number): Promise<Relay> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const relay = new Relay(server, (server.address() as { port: number }).port);
    server.on('connection', (client) => relay.#join(client, connect(target, '127.0.0.1')));
    return relay;
  }

  /**
   * Cuts the connection when the reply to the next command that contains a text comes, before it reaches the client.
   * A reply that is an error, such as Cluster's MOVED, is let through: that command has changed nothing.
   */
  loseReplyTo(command: string | undefined, onLost = () => {}): void {
    this.#command = command;
    this.#onLost = onLost;
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
    let losesReply = false;
    client.on('data', (commands) => {
      losesReply ||= this.#command !== undefined && commands.includes(this.#command);
      target.write(commands);
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
