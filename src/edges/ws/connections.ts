import type { IncomingMessage } from 'node:http';
import type { SessionRecord } from '../../backends/session-backend.js';
import { FIELD } from '../../backends/session-record.js';
import type { EndWatcher } from '../../ends/end-watcher.js';
import type { SessionWatcher } from '../../ends/watched-session.js';
import type { SessionEndReason } from '../../errors/session-ended.error.js';
import type { Identity } from '../../session/token.js';
import { closeClient, closeSocket, destroySoon, onceLeft } from './closing.js';

/** What is known of the session that a handshake brought. */
export interface Brought {
  /** The session, once one of the tokens has opened it. */
  readonly found: Identity | undefined;
  /** @throws SessionOptionsError by the option `cookie` */
  readonly tokens: readonly string[];
  /** The id of a token's session; `undefined` where it can't be told before the token has opened it. */
  idIn(token: string): string | undefined;
  /** Takes a record for that of the session, where a token opens it. */
  openBy(token: string, record: SessionRecord): void;
}

/**
 * The open connections of one handshake. As long as there are any the session that it brought is watched, and they are closed
 * when it ends. It is watched before it is read, so that no end falls between.
 */
export class Connections {
  readonly #clients = new Set<object>();
  readonly #onceAllClosed = new Set<() => void>();
  #isSocketOpen = false;
  #watched: { readonly id: string; readonly stop: () => void } | undefined;
  #ended: SessionEndReason | undefined;

  constructor(
    private readonly ends: EndWatcher,
    private readonly request: IncomingMessage,
    private readonly brought: Brought,
  ) {}

  /** Whether it is known, or soon will be, which session the tokens open. */
  get isWatching(): boolean {
    return this.#watched !== undefined;
  }

  /** A client of a gateway has connected. */
  addClient(client: object): void {
    if (this.#ended) return closeClient(client, this.#ended);
    this.#clients.add(client);
    onceLeft(client, () => {
      this.#clients.delete(client);
      this.#closed();
    });
    this.#watch();
  }

  /** The request asks for a WebSocket, whoever takes it. */
  addSocket(): void {
    const { socket } = this.request;
    if (this.#isSocketOpen || !socket || socket.destroyed) return;
    this.#isSocketOpen = true;
    socket.once('close', () => {
      this.#isSocketOpen = false;
      this.#closed();
    });
    this.#watch();
  }

  /** Runs something when none is open any more. */
  onceAllClosed(run: () => void): void {
    this.#onceAllClosed.add(run);
  }

  /** The handshake's session was found by whoever has read it. */
  found({ id }: Identity): void {
    if (this.#isOpen && this.#watched?.id !== id) this.#watchSession(id, () => {});
  }

  get #isOpen(): boolean {
    return this.#isSocketOpen || this.#clients.size > 0;
  }

  #watch(): void {
    if (this.#watched || this.#ended) return;
    const { found } = this.brought;
    if (found) return this.found(found);
    let tokens: readonly string[];
    try {
      ({ tokens } = this.brought);
    } catch {
      // Whoever asks for the session is told.
      return;
    }
    this.#watchFirst(tokens);
  }

  /** The first token that opens a session counts. */
  #watchFirst([token, ...others]: readonly string[]): void {
    this.#stop();
    if (token === undefined) return;
    const id = this.brought.idIn(token);
    if (id === undefined) return;
    this.#watchSession(
      id,
      () => this.#watchFirst(others),
      (record) => this.brought.openBy(token, record),
    );
  }

  /** @param isNone called where there is no such session, or the token does not open it */
  #watchSession(id: string, isNone: () => void, open: (record: SessionRecord) => void = isNone) {
    this.#stop();
    const isFound = () => this.brought.found?.id === id;
    const watcher: SessionWatcher = {
      accepts: (record) => {
        if (!this.brought.found) open(record);
        if (isFound()) return record[FIELD.generation] === this.brought.found!.generation;
        isNone();
        return true;
      },
      ended: (reason) => {
        const isTold = reason !== 'unknown' && reason !== 'expired';
        if (isFound() || isTold) this.#close(reason);
        else isNone();
      },
    };
    this.#watched = { id, stop: this.ends.watch(id, watcher, this.brought.found) };
  }

  #close(reason: SessionEndReason): void {
    this.#ended = reason;
    this.#stop();
    const { socket } = this.request;
    if (this.#isSocketOpen) {
      if (this.#clients.size > 0) destroySoon(socket);
      else closeSocket(socket, reason);
    }
    for (const client of this.#clients) closeClient(client, reason);
  }

  #closed(): void {
    if (this.#isOpen) return;
    this.#stop();
    for (const run of this.#onceAllClosed) run();
    this.#onceAllClosed.clear();
  }

  #stop(): void {
    this.#watched?.stop();
    this.#watched = undefined;
  }
}
