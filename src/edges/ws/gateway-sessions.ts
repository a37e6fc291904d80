import type { IncomingMessage } from 'node:http';
import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import { catchError, EMPTY, finalize, isObservable, Observable } from 'rxjs';
import { committed } from './committed.js';
import { Handshake, type SocketRuntime } from './handshake.js';
import { MessageHandle } from './message-handle.js';

type Connected = (client: object, request?: unknown) => unknown;

/** The sessions of the sockets of one application. */
export class GatewaySessions {
  /** By client, and by the request of its handshake. */
  readonly #handshakes = new WeakMap<object, Handshake>();

  constructor(private readonly runtime: SocketRuntime) {}

  /** A session of a client for itself, as it is stored now; `undefined` for what is no socket. */
  handleOf(client: object): MessageHandle | undefined {
    const handshake = this.#handshakeOf(client);
    if (!handshake) return undefined;
    const handle = new MessageHandle(handshake);
    handle.end();
    return handle;
  }

  /** Has an adapter tell of every client that connects, and gives each message its handle. */
  watch(adapter: WebSocketAdapter): WebSocketAdapter {
    const { bindClientConnect, bindMessageHandlers } = adapter;
    adapter.bindClientConnect = (server, callback) =>
      bindClientConnect.call(adapter, server, ((client, request, ...rest: unknown[]) => {
        this.#connect(client, request);
        return callback(client, request, ...rest);
      }) satisfies Connected);
    adapter.bindMessageHandlers = (client: object, handlers, transform) =>
      bindMessageHandlers.call(
        adapter,
        client,
        handlers.map((handler) => this.#withHandle(client, handler)),
        transform,
      );
    return adapter;
  }

  #connect(client: object, request: unknown): void {
    const asked = isRequest(request) ? request : requestOf(client);
    if (!asked || this.#handshakes.has(client)) return;
    const handshake = new Handshake(this.runtime, asked);
    this.#handshakes.set(client, handshake).set(asked, handshake);
    handshake.begin();
  }

  /** That of a client that has not connected yet, too, where it shows its request: in middleware of socket.io. */
  #handshakeOf(client: object): Handshake | undefined {
    const known = this.#handshakes.get(client);
    if (known) return known;
    const request = requestOf(client);
    return request && new Handshake(this.runtime, request);
  }

  #withHandle(client: object, handler: WsMessageHandler): WsMessageHandler {
    return {
      ...handler,
      callback: (data: unknown, second: unknown, ...rest: unknown[]) => {
        const handshake = this.#handshakeOf(client);
        if (!handshake) return handler.callback(data, second, ...rest);
        const handle = new MessageHandle(handshake);
        // The pattern, which Nest appends, stays where handlers without decorators find it, and last.
        const args = [data, heldBack(second, handle), ...rest, handler.message, handle];
        return this.runtime.within(handle, () => this.#answer(handle, handler.callback(...args)));
      },
    };
  }

  /** What whoever stands outside of the gateway's own interceptors has changed is stored before the answer too. */
  async #answer(handle: MessageHandle, result: unknown): Promise<unknown> {
    const answer = await result;
    if (!isObservable(answer)) {
      handle.end();
      return answer;
    }
    // What interceptors and the handler do begins when somebody subscribes.
    const running = new Observable((subscriber) =>
      this.runtime.within(handle, () => answer.subscribe(subscriber)),
    );
    return committed(running, handle, (error) => Promise.resolve(error)).pipe(
      catchError((error: unknown) => this.#withheld(error)),
      finalize(() => handle.end()),
    );
  }

  /** Too late for exception filters. */
  #withheld(error: unknown): Observable<never> {
    const { name, message } = error as Error;
    this.runtime.warn(
      `A message was not answered, as its session could not be saved: ${name}: ${message}`,
    );
    return EMPTY;
  }
}

/** An acknowledgement that a handler sends by itself, which leaves after what it has changed is stored. */
function heldBack(second: unknown, handle: MessageHandle): unknown {
  if (typeof second !== 'function') return second;
  return (...values: unknown[]) => handle.acknowledge(() => second(...values));
}

/** Of a socket of socket.io. */
function requestOf(client: object): IncomingMessage | undefined {
  const { handshake, request } = client as { handshake?: unknown; request?: unknown };
  return handshake && isRequest(request) ? request : undefined;
}

function isRequest(value: unknown): value is IncomingMessage {
  return typeof (value as IncomingMessage | undefined)?.headers === 'object';
}
