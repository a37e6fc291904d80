import type { ServerResponse } from 'node:http';
import { countAsEnded, countAsSent, type HeadArguments, rehearseHead } from './head-rehearsal.js';
import type { Output } from './held-methods.js';
import { abortCallback, checkChunk } from './response-output.js';

/** How much may be written while held before `write` asks the writer to wait. Compression hangs at 0. */
const HIGH_WATER_MARK = 1024 * 1024;

/** A call that is replayed. */
type Call = [Output, unknown[]];

interface Head {
  readonly args: HeadArguments;
  /** The same head of a response of node's own: it throws at whoever writes a second one. */
  readonly rehearsal: ServerResponse;
}

/**
 * What is written to a response while it is held. What is wrong with it is for node to say: a head and the kind of a
 * chunk at once, because node throws there; the rest when it is replayed.
 */
export class KeptOutput {
  #head: Head | undefined;
  /** Whether the head came with the first output, and not by `writeHead`. */
  #isHeadImplicit = false;
  #calls: Call[] = [];
  #replayed = 0;
  #bytes = 0;
  #isEnded = false;
  #owesDrain = false;
  /** What makes the response say again by itself what has left, the last first. */
  #undo: (() => void)[] = [];

  constructor(private readonly response: ServerResponse) {}

  get hasHead(): boolean {
    return this.#head !== undefined;
  }
  /** Whether somebody was asked to wait. */
  get owesDrain(): boolean {
    return this.#owesDrain;
  }

  writeHead(args: HeadArguments): void {
    if (this.#head) return void this.#head.rehearsal.writeHead(...(args as [number]));
    const rehearsal = rehearseHead(this.response, args);
    this.#head = { args, rehearsal };
    this.#undo.unshift(countAsSent(this.response, rehearsal));
  }

  write(args: unknown[]): boolean {
    checkChunk(this.response, args[0]);
    this.#keep('write', args);
    if (this.#isEnded) return false;
    this.#bytes += (args[0] as { length?: number }).length ?? 0;
    this.#owesDrain ||= this.#bytes > HIGH_WATER_MARK;
    return this.#bytes <= HIGH_WATER_MARK;
  }

  end(args: unknown[]): void {
    const [chunk] = args;
    if (chunk && typeof chunk !== 'function') checkChunk(this.response, chunk);
    this.#keep('end', args);
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#owesDrain = false;
    this.#undo.unshift(countAsEnded(this.response));
  }

  flushHeaders(): void {
    this.#keep('flushHeaders', []);
  }

  /** The response says again by itself what has left. */
  unlock(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  /**
   * Writes what was kept. Node writes an implicit head itself, because it knows the length of an `end` that stands alone;
   * `sendHead` has to be what it calls then.
   */
  replay(
    sendHead: (args: HeadArguments) => void,
    call: (output: Output, args: unknown[]) => unknown,
  ) {
    const { args } = this.#head!;
    if (!this.#isHeadImplicit) sendHead(args);
    let isWritable: unknown = true;
    withWriteHead(
      this.response,
      () => sendHead(args),
      () => {
        for (let next; (next = this.#calls.shift());) isWritable = call(...next);
      },
    );
    this.#calls = [];
    if (this.#owesDrain && isWritable === true) this.response.emit('drain');
  }

  /** Drops what was kept, as node does where a connection is gone. */
  abort(): void {
    const dropped = this.#calls.slice(this.#replayed);
    this.#calls = [];
    for (const [, args] of dropped) abortCallback(this.response, args);
  }

  #keep(output: Output, args: unknown[]): void {
    if (!this.#head) {
      const { response } = this;
      // As node does, so that whoever wrapped `writeHead` after us (on-headers) hears of the head.
      response.writeHead(response.statusCode);
      if (!this.#head) this.writeHead([response.statusCode]);
      this.#isHeadImplicit = true;
    }
    this.#calls.push([output, args]);
  }
}

/** Runs something with another `writeHead`: whoever wrapped it has heard of the head already, and hears of it once. */
export function withWriteHead(
  response: ServerResponse,
  writeHead: () => unknown,
  run: () => void,
): void {
  const outermost = response.writeHead;
  response.writeHead = writeHead as ServerResponse['writeHead'];
  try {
    run();
  } finally {
    response.writeHead = outermost;
  }
}
