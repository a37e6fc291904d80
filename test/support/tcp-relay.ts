import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands in front of a server on a port of its own; what it does with what comes through is for its kinds to say. */
export abstract class TcpRelay {
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();
  port = 0;

  protected async start(target: number): Promise<this> {
    this.#server.on('connection', (client) => this.#join(client, connect(target, '127.0.0.1')));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as { port: number }).port;
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  protected abstract carry(client: Socket, target: Socket): void;

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
    this.carry(client, target);
  }
}
