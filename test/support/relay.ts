import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay in front of a server, which can let a command through and lose its reply. */
export class Relay {
  readonly #sockets = new Set<Socket>();
  #command: string | undefined;
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

  /** Cuts the connection when the reply to the next command of a name comes, before it reaches the client. */
  loseReplyTo(command: string): void {
    this.#command = command;
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
      if (!losesReply) return void client.write(reply);
      this.#command = undefined;
      this.cuts++;
      client.destroy();
    });
  }
}
