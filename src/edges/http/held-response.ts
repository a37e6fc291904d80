import type { ServerResponse } from 'node:http';
import { addToHead, type HeadAddition, mergeHeaders, varyingHeaders } from './response-head.js';
import { type Held, holdMethods, type Methods } from './held-methods.js';
import { checkChunk, checkStatus, runCallback, toErrorResponse } from './response-output.js';

/** What has to happen before a response's first byte, and what it adds to the head. */
export interface ResponseHold {
  /** Asked once, at the first output: work that must end before it leaves, `undefined` where there is none. */
  beforeHead(): Promise<void> | undefined;
  /** Asked when the work is done: what to add to the head of a status that is about to leave, `undefined` for nothing. */
  addition(status: number): HeadAddition | undefined;
  /** The response ended, or the client went away. */
  afterClose(): void;
}

type Output = 'write' | 'end' | 'flushHeaders';
type Arguments = unknown[];

/** Fields of node's HTTP/1 OutgoingMessage that say what has left. They are getters on HTTP/2, which needs no help. */
interface Http1State {
  _header: string | null;
  finished: boolean;
}

/**
 * - `open`: nothing was written yet
 * - `holding`: there was output, and the work is under way
 * - `passed`: output goes straight through
 * - `failed`: the work failed; what the handler still writes is dropped
 */
type Phase = 'open' | 'holding' | 'passed' | 'failed';

/** How much may be written while held before `write` asks the writer to wait. Compression hangs at 0. */
const HIGH_WATER_MARK = 1024 * 1024;

/**
 * Keeps a response from leaving before its session is saved, whoever writes it and by whatever method: output is kept
 * and replayed when the work has ended. This stands on the raw response of node, below Express and Fastify alike.
 */
export class HeldResponse implements Held {
  #phase: Phase = 'open';
  readonly #isHttp1: boolean;
  #head: { status: number; reason: string | undefined } | undefined;
  /** Whether the head came with the first output, and not by `writeHead`. */
  #isHeadImplicit = false;
  #output: [Output, Arguments][] = [];
  #heldBytes = 0;
  #isEnded = false;
  #owesDrain = false;

  static install(response: ServerResponse, hold: ResponseHold): void {
    holdMethods(response, (original) => new HeldResponse(response, hold, original));
    response.on('close', () => hold.afterClose());
  }

  private constructor(
    private readonly response: ServerResponse,
    private readonly hold: ResponseHold,
    private readonly original: Methods,
  ) {
    this.#isHttp1 = Object.hasOwn(response, '_header');
  }

  writeHead(args: Arguments): ServerResponse {
    const { response } = this;
    if (this.#phase === 'passed') return this.#call('writeHead', args) as ServerResponse;
    if (this.#phase === 'failed' || this.#head) return response;
    const [status, second, third] = args as [number, unknown, unknown];
    const reason = typeof second === 'string' ? second : undefined;
    const headers = typeof second === 'string' ? third : (third ?? second);
    if (this.#phase === 'holding' || this.#begin()) {
      checkStatus(status);
      mergeHeaders(response, headers);
      this.#lock({ status, reason });
      return response;
    }
    const addition = this.hold.addition(status);
    if (!addition) return this.#call('writeHead', args) as ServerResponse;
    const varying = varyingHeaders(response, addition, headers);
    if (!varying) {
      mergeHeaders(response, headers);
      addToHead(response, addition);
    }
    this.#callWriteHead(status, reason, varying);
    return response;
  }

  write(args: Arguments): boolean {
    if (this.#passes()) return this.#call('write', args) as boolean;
    if (this.#phase === 'failed') {
      runCallback(args);
      return true;
    }
    this.#keep('write', args);
    this.#heldBytes += (args[0] as { length?: number } | undefined)?.length ?? 0;
    if (this.#heldBytes <= HIGH_WATER_MARK) return true;
    this.#owesDrain = true;
    return false;
  }

  end(args: Arguments): ServerResponse {
    if (this.#passes()) return this.#call('end', args) as ServerResponse;
    if (this.#phase === 'failed' || this.#isEnded) {
      runCallback(args);
      return this.response;
    }
    this.#keep('end', args);
    this.#isEnded = true;
    this.#owesDrain = false;
    if (this.#isHttp1) this.#http1.finished = true;
    return this.response;
  }

  flushHeaders(): void {
    if (this.#passes()) this.#call('flushHeaders', []);
    else if (this.#phase === 'holding') this.#keep('flushHeaders', []);
  }

  /** Whether an output other than a head may go straight through. */
  #passes(): boolean {
    if (this.#phase === 'open' && !this.#begin())
      addToHead(this.response, this.hold.addition(this.response.statusCode));
    return this.#phase === 'passed';
  }

  /** Starts the work at the first output; whether there is any. */
  #begin(): boolean {
    const work = this.hold.beforeHead();
    if (!work) {
      this.#phase = 'passed';
      return false;
    }
    this.#phase = 'holding';
    work.then(
      () => this.#release(),
      (error: unknown) => this.#fail(error),
    );
    return true;
  }

  #keep(output: Output, args: Arguments): void {
    if (output !== 'flushHeaders') checkChunk(args[0], output === 'end');
    if (!this.#head) {
      this.#isHeadImplicit = true;
      // As node does, so that whoever wrapped `writeHead` after us (on-headers) hears of the head.
      this.response.writeHead(this.response.statusCode);
    }
    this.#output.push([output, args]);
  }

  /** From here on the head counts as sent: nobody may change it, and a late error doesn't write a second answer. */
  #lock(head: { status: number; reason: string | undefined }): void {
    this.#head = head;
    if (this.#isHttp1) this.#http1._header = 'held';
  }

  #unlock(): void {
    if (!this.#isHttp1) return;
    this.#http1._header = null;
    if (this.#isEnded) this.#http1.finished = false;
  }

  #release(): void {
    const output = this.#output;
    this.#output = [];
    this.#unlock();
    this.#phase = 'passed';
    if (this.response.destroyed) return this.#abort(output);
    try {
      addToHead(this.response, this.hold.addition(this.#head!.status));
      this.#replay(output);
    } catch (error) {
      this.#output = output;
      this.#fail(error);
    }
  }

  #replay(output: [Output, Arguments][]): void {
    const { status, reason } = this.#head!;
    // An `end` alone knows its length, and node writes that into the head.
    if (this.#isHeadImplicit && output[0]?.[0] === 'end') this.response.statusCode = status;
    else this.#callWriteHead(status, reason);
    let isWritable: unknown = true;
    for (const [name, args] of output) isWritable = this.#call(name, args);
    if (this.#owesDrain && isWritable === true) this.response.emit('drain');
  }

  #fail(error: unknown): void {
    const { response } = this;
    if (this.#phase === 'holding') this.#unlock();
    this.#phase = 'failed';
    this.#abort(this.#output);
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // `end` writes the head by calling `writeHead` on the response.
    this.#phase = 'passed';
    this.#call('end', [toErrorResponse(response, error)]);
    this.#phase = 'failed';
    if (this.#owesDrain) process.nextTick(() => response.emit('drain'));
  }

  #abort(output: [Output, Arguments][]): void {
    for (const [, args] of output.splice(0))
      runCallback(args, new Error('The response was aborted'));
  }

  #callWriteHead(status: number, reason: string | undefined, headers?: object): void {
    const args: Arguments = reason === undefined ? [status] : [status, reason];
    this.#call('writeHead', headers ? [...args, headers] : args);
  }

  #call(name: Output | 'writeHead', args: Arguments): unknown {
    return (this.original[name] as (...args: Arguments) => unknown).apply(this.response, args);
  }

  get #http1(): Http1State {
    return this.response as unknown as Http1State;
  }
}
