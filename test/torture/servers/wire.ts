import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TcpRelay } from '../../support/tcp-relay.js';

/** The way of one application process to one Redis server: nemeses stall it, delay it and cut it. */
export class Wire extends TcpRelay {
  readonly #ends = new Set<Socket>();
  /** Those of the ends that answers come from. */
  readonly #servers = new WeakSet<Socket>();
  /** What does not come through. */
  #stalled: 'nothing' | 'answers' | 'all' = 'nothing';
  #delayMs = 0;
  /** After how many more bytes the connection is cut. */
  #bytesLeft = Infinity;

  static to(port: number): Promise<Wire> {
    return new Wire().start(port);
  }

  /** Nothing comes through, nor does news of a closed connection; what waits comes through after `open`. */
  stall(): void {
    this.#stalled = 'all';
    this.#pause();
  }

  /** Commands come through and are done, and their answers wait. */
  withhold(): void {
    this.#stalled = 'answers';
    this.#pause();
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Cuts the connection on which the so many-th byte comes, in the midst of a command or an answer. */
  cutAfter(bytes: number): void {
    this.#bytesLeft = bytes;
  }

  open(): void {
    this.#stalled = 'nothing';
    this.#delayMs = 0;
    this.#bytesLeft = Infinity;
    for (const end of this.#ends) end.resume();
  }

  protected carry(client: Socket, target: Socket): void {
    this.#servers.add(target);
    this.#lead(client, target);
    this.#lead(target, client);
  }

  #lead(from: Socket, to: Socket): void {
    this.#ends.add(from);
    from.setNoDelay(true);
    from.on('close', () => this.#ends.delete(from));
    // What comes later waits for what came before, whatever their delays: the order of bytes is TCP's promise.
    let passed = Promise.resolve();
    from.on('data', (chunk) => {
      const dueMs = performance.now() + this.#delayMs;
      passed = passed.then(async () => {
        const leftMs = dueMs - performance.now();
        if (leftMs > 0) await sleep(leftMs);
        this.#pass(chunk, to);
      });
    });
    if (this.#isStalled(from)) from.pause();
  }

  #pause(): void {
    for (const end of this.#ends) if (this.#isStalled(end)) end.pause();
  }

  #isStalled(end: Socket): boolean {
    return this.#stalled === 'all' || (this.#stalled === 'answers' && this.#servers.has(end));
  }

  #pass(chunk: Buffer, to: Socket): void {
    // After a cut nothing more may come: it would be read as the rest of what was cut.
    if (to.writableEnded || to.destroyed) return;
    const left = this.#bytesLeft;
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft >= 0) {
      to.write(chunk);
    } else {
      this.#bytesLeft = Infinity;
      // Its own end closes the pair.
      to.end(chunk.subarray(0, left), () => to.destroy());
    }
  }
}
