import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import { catchError, EMPTY, finalize, isObservable, Observable } from 'rxjs';
import type { CurrentSession } from '../current-session.js';
import { committed } from './committed.js';
import { MessageHandle } from './message-handle.js';
import type { SocketSessions } from './socket-sessions.js';

type Connected = (client: object, request?: unknown) => unknown;

/** Gives the messages of an application's gateways the sessions of their sockets. */
export class GatewaySessions {
  constructor(
    private readonly sockets: SocketSessions,
    private readonly current: CurrentSession,
    private readonly warn: (message: string) => void,
  ) {}

  /** Has an adapter tell of every client that connects, and gives each message its handle. */
  watch(adapter: WebSocketAdapter): WebSocketAdapter {
    const { bindClientConnect, bindMessageHandlers } = adapter;
    adapter.bindClientConnect = (server, callback) =>
      bindClientConnect.call(adapter, server, ((client, request, ...rest: unknown[]) => {
        this.sockets.connect(client, request);
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

  #withHandle(client: object, handler: WsMessageHandler): WsMessageHandler {
    return {
      ...handler,
      callback: (data: unknown, second: unknown, ...rest: unknown[]) => {
        const handshake = this.sockets.ofClient(client);
        if (!handshake) return handler.callback(data, second, ...rest);
        const handle = new MessageHandle(handshake);
        handle.begin();
        // The pattern, which Nest appends, stays where handlers without decorators find it, and last.
        const args = [data, heldBack(second, handle), ...rest, handler.message, handle];
        return this.current.within(handle, () => this.#answer(handle, handler.callback(...args)));
      },
    };
  }

  async #answer(handle: MessageHandle, result: unknown): Promise<unknown> {
    try {
      const answer = await result;
      return isObservable(answer) ? this.#answers(handle, answer) : answer;
    } finally {
      handle.end();
    }
  }

  /** What whoever stands outside of the gateway's own interceptors has changed is stored before each answer too. */
  #answers(handle: MessageHandle, source: Observable<unknown>): Observable<unknown> {
    // What interceptors and the handler do begins when somebody subscribes: nobody does for a client that has gone.
    const running = new Observable((subscriber) => {
      handle.begin();
      return this.current.within(handle, () => source.subscribe(subscriber));
    });
    const rest = { commit: () => handle.commitRest() };
    return committed(running, rest, (error) => Promise.resolve(error)).pipe(
      catchError((error: unknown) => this.#withheld(error)),
      finalize(() => handle.end()),
    );
  }

  /** Too late for exception filters. */
  #withheld(error: unknown): Observable<never> {
    const { name, message } = error as Error;
    this.warn(`A message was not answered, as its session could not be saved: ${name}: ${message}`);
    return EMPTY;
  }
}

/** An acknowledgement that a handler sends by itself, which leaves after what it has changed is stored. */
function heldBack(second: unknown, handle: MessageHandle): unknown {
  if (typeof second !== 'function') return second;
  return (...values: unknown[]) => handle.acknowledge(() => second(...values));
}
