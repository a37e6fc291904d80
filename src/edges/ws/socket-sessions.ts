import type { IncomingMessage } from 'node:http';
import type { Handle } from '../handle.js';
import type { Handshakes } from '../http/request-sessions.js';
import { refuseClient, refuseUpgrade } from './closing.js';
import { Handshake, type SocketRuntime } from './handshake.js';
import { MessageHandle } from './message-handle.js';

/** The one way from a handshake to a session, whoever has the socket: a gateway, GraphQL, or a server of the application's own. */
export class SocketSessions implements Handshakes {
  readonly #byRequest = new WeakMap<object, Handshake>();
  readonly #byClient = new WeakMap<object, Handshake>();

  constructor(private readonly runtime: SocketRuntime) {}

  /** Notes whose request the handshake of a client was, where either shows one. */
  connect(client: object, request: unknown): void {
    const asked = isRequest(request) ? request : requestOf(client);
    const handshake = asked && this.of(asked);
    if (handshake) {
      this.#byClient.set(client, handshake);
      if (handshake.isRefused) return refuseClient(client);
      if ((asked as { upgrade?: boolean }).upgrade) handshake.connections.addSocket();
      handshake.connections.addClient(client);
    }
  }

  /** That of a client that has not connected yet, too, where it shows its request: in middleware of socket.io. */
  ofClient(client: object): Handshake | undefined {
    const known = this.#byClient.get(client);
    if (known) return known;
    const request = requestOf(client);
    return request && this.of(request);
  }

  /** One for all the sockets of a request: namespaces of socket.io share it. */
  of(request: IncomingMessage): Handshake {
    const known = this.#byRequest.get(request);
    if (known) return known;
    const handshake = new Handshake(this.runtime, request);
    this.#byRequest.set(request, handshake);
    handshake.begin();
    return handshake;
  }

  has(request: object): boolean {
    return this.#byRequest.has(request);
  }

  add(request: IncomingMessage): void {
    const handshake = this.of(request);
    if (handshake.isRefused) refuseUpgrade(request.socket);
    else handshake.connections.addSocket();
  }

  handleOf(handshake: IncomingMessage): Handle {
    return new MessageHandle(this.of(handshake));
  }

  handleOfOperation(operation: object, handshake: IncomingMessage): Handle {
    return MessageHandle.ofOperation(operation, this.of(handshake));
  }
}

/** Of a socket of socket.io. */
function requestOf(client: object): IncomingMessage | undefined {
  const { handshake, request } = client as { handshake?: unknown; request?: unknown };
  return handshake && isRequest(request) ? request : undefined;
}

function isRequest(value: unknown): value is IncomingMessage {
  return typeof (value as IncomingMessage | undefined)?.headers === 'object';
}
