import type { ServerResponse } from 'node:http';
import type { HeadArguments } from './head-rehearsal.js';
import { type Held, heldBy, holdMethods, type OriginalMethods } from './held-methods.js';
import { KeptOutput, withWriteHead } from './kept-output.js';
import { addToHead, type HeadAddition } from './response-head.js';
import { runCallback, toErrorResponse } from './response-output.js';

/** What has to happen before a response's first byte, and what it adds to the head. */
export interface ResponseHold {
  /** Asked once, at the first output: work that must end before it leaves, `undefined` where there is none. */
  beforeHead(): Promise<void> | undefined;
  /** Asked when the work is done: what to add to the head of a status that is about to leave, `undefined` for nothing. */
  addition(status: number): HeadAddition | undefined;
  /**
   * The response ended, or the client went away.
   * @param wasStreamed whether whoever wrote it may have gone on working after the head had left
   */
  afterClose(wasStreamed: boolean): void;
}

/**
 * - `open`: nothing was written yet
 * - `holding`: there was output, and the work is under way
 * - `ready`: there is no work, or no more; the head has not left
 * - `left`: the head has left, and output goes straight through
 * - `failed`: the work failed and we have answered; what the handler still writes is dropped
 */
type Phase = 'open' | 'holding' | 'ready' | 'left' | 'failed';

/**
 * Keeps a response from leaving before its sessions are saved, whoever writes it and by whatever method: output is kept
 * and replayed when the work has ended. This stands on the raw response of node, below Express and Fastify alike.
 */
export class HeldResponse implements Held {
  #phase: Phase = 'open';
  readonly #holds: ResponseHold[] = [];
  /** How many of the holds were asked for their work. */
  #asked = 0;
  /** What the holds add. Each is asked once: a head that node refuses is followed by another. */
  readonly #additions: (HeadAddition | undefined)[] = [];
  #kept: KeptOutput | undefined;
  /** Whether the body did not come in one go. */
  #isStreamed = false;
  /** Why the work failed, where that came before there was a head. */
  #failure: { error: unknown } | undefined;

  private constructor(
    private readonly response: ServerResponse,
    private readonly original: OriginalMethods,
  ) {}

  /**
   * Holds a response, which several may do. Returns whether the hold will be asked before the head: it is not where that
   * has left.
   */
  static install(response: ServerResponse, hold: ResponseHold): boolean {
    if (response.headersSent) {
      response.on('close', () => hold.afterClose(true));
      return false;
    }
    const held = HeldResponse.prepare(response);
    held.#holds.push(hold);
    response.on('close', () => hold.afterClose(held.#isStreamed));
    return true;
  }

  /**
   * Gives a response its methods ahead of a hold. Worth it before Express sees the response: on Node 20, each property
   * that is added after Express has changed its prototype costs 2 µs and garbage.
   */
  static prepare(response: ServerResponse): HeldResponse {
    const known = heldBy<HeldResponse>(response);
    return known ?? holdMethods(response, (original) => new HeldResponse(response, original));
  }

  writeHead(args: unknown[]): unknown {
    this.#begin();
    switch (this.#phase) {
      case 'holding':
        this.#kept!.writeHead(args as HeadArguments);
        return this.response;
      case 'ready':
        return this.#sendHead(args as HeadArguments);
      case 'failed':
        return this.response;
      default:
        return this.original.call('writeHead', args);
    }
  }

  write(args: unknown[]): unknown {
    this.#isStreamed = true;
    if (this.#passes()) return this.original.call('write', args);
    if (this.#phase === 'holding') return this.#kept!.write(args);
    runCallback(args);
    return true;
  }

  end(args: unknown[]): unknown {
    if (this.#passes()) return this.original.call('end', args);
    if (this.#phase === 'holding') this.#kept!.end(args);
    else runCallback(args);
    return this.response;
  }

  flushHeaders(): void {
    if (this.#passes()) this.original.call('flushHeaders', []);
    else if (this.#phase === 'holding') this.#kept!.flushHeaders();
  }

  /** Whether output goes straight through; node then writes the head first, by `writeHead`. */
  #passes(): boolean {
    this.#begin();
    return this.#phase !== 'holding' && this.#phase !== 'failed';
  }

  /** Starts the work at the first output, for all who hold the response by then. */
  #begin(): void {
    if (this.#phase !== 'open' && this.#phase !== 'ready') return;
    if (this.#failure) return this.#answerFailure(this.#failure.error);
    if (this.#asked === this.#holds.length) return;
    const work: Promise<void>[] = [];
    while (this.#asked < this.#holds.length) {
      const each = this.#holds[this.#asked++]!.beforeHead();
      if (each) work.push(each);
    }
    this.#phase = work.length > 0 ? 'holding' : 'ready';
    if (work.length === 0) return;
    const kept = (this.#kept = new KeptOutput(this.response));
    Promise.all(work).then(
      () => this.#release(kept),
      (error: unknown) => this.#fail(kept, error),
    );
  }

  #sendHead(args: HeadArguments): unknown {
    const additions = this.#additions;
    while (additions.length < this.#holds.length) {
      additions.push(this.#holds[additions.length]!.addition(Number(args[0])));
    }
    const result = this.original.call('writeHead', addToHead(this.response, args, additions));
    this.#phase = 'left';
    return result;
  }

  #release(kept: KeptOutput): void {
    kept.unlock();
    this.#phase = 'ready';
    if (!kept.hasHead) return;
    if (this.response.destroyed) return kept.abort();
    try {
      kept.replay(
        (args) => this.#sendHead(args),
        (output, args) => this.original.call(output, args),
      );
    } catch (error) {
      kept.abort();
      this.#answerFailure(error);
    }
  }

  #fail(kept: KeptOutput, error: unknown): void {
    kept.unlock();
    kept.abort();
    this.#phase = 'ready';
    if (kept.hasHead) this.#answerFailure(error);
    // The handler's head was refused, and somebody is about to write another.
    else this.#failure = { error };
  }

  #answerFailure(error: unknown): void {
    const { response } = this;
    if (this.#phase === 'left') response.destroy();
    this.#phase = 'failed';
    if (response.destroyed) return;
    const body = toErrorResponse(response, error);
    this.#phase = 'left';
    withWriteHead(
      response,
      () => this.original.call('writeHead', [response.statusCode]),
      () => this.original.call('end', [body]),
    );
    this.#phase = 'failed';
    if (this.#kept?.owesDrain) process.nextTick(() => response.emit('drain'));
  }
}
