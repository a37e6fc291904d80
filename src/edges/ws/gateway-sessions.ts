import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import type { CurrentSession } from '../current-session.js';
import type { Failure } from './committed.js';
import { MessageHandle } from './message-handle.js';
import type { SocketSessions } from './socket-sessions.js';
import { wsException } from './ws-exception.js';

type Connected = (client: object, request?: unknown) => unknown;

/** Gives the messages of an application's gateways the sessions of their sockets. */
export class GatewaySessions {
  constructor(
    private readonly sockets: SocketSessions,
    private readonly current: CurrentSession,
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
        return this.current.within(handle, () =>
          this.#answer(client, handle, handler.callback(...args)),
        );
      },
    };
  }

  async #answer(client: object, handle: MessageHandle, result: unknown): Promise<unknown> {
    try {
      const answer = await result;
      if (isObservable(answer)) return this.#answers(client, handle, answer);
      // Of a handler without interceptors. Where nothing is to leave nobody waits for it.
      const isNothing = answer === undefined || answer === null;
      const work = isNothing && !handle.isAcknowledging ? undefined : handle.commitRest();
      if (!work) return answer;
      return await work.then(
        () => answer,
        (error: unknown) => tellClient(client, error, handle),
      );
    } finally {
      handle.end();
    }
  }

  /** What whoever stands outside of the gateway's own interceptors has changed is stored before each answer too. */
  #answers(
    client: object,
    handle: MessageHandle,
    answers: Observable<unknown>,
  ): Observable<unknown> {
    // What interceptors and the handler do begins when somebody subscribes: nobody does for a client that has gone.
    const running = new Observable((subscriber) =>
      this.current.within(handle, () => answers.subscribe(subscriber)),
    );
    const rest = { commit: () => handle.commitRest() };
    const failure: Failure = (error, isOfCommit) =>
      isOfCommit ? tellClient(client, error, handle) : Promise.resolve(error);
    return handle.answered(running, failure, rest);
  }
}

/** Too late for the exception filters of an application. */
async function tellClient(client: object, error: unknown, handle: MessageHandle): Promise<void> {
  const { BaseWsExceptionFilter } = await import('@nestjs/websockets');
  const exception = await wsException(error, (reason) => handle.warn(reason));
  new BaseWsExceptionFilter().handleError(client as { emit(): void }, exception, undefined);
}

/** An acknowledgement that a handler sends by itself, which leaves after what it has changed is stored. */
function heldBack(second: unknown, handle: MessageHandle): unknown {
  if (typeof second !== 'function') return second;
  return (...values: unknown[]) => handle.acknowledge(() => second(...values));
}
