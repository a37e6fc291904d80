import { Logger } from '@nestjs/common';
import type { SessionBackendError } from '../errors/session-backend.error.js';

/** Reading and writing fail apart: a read-only replica answers the one and refuses the other. */
export type Access = 'read' | 'write';

type Trouble = Access | 'silence';

const OVERCOME: Record<Trouble, string> = {
  read: 'The session backend can be read again',
  write: 'The session backend can be written again',
  silence: 'The session backend answers again',
};

/** Between two questions to a silent backend. It doubles, so that those that are never answered do not pile up. */
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 5000;

/**
 * What is known of a backend: whether it answers, and what was logged of that.
 *
 * One that has answered nothing for as long as an operation may take is silent. It is then asked by itself until it
 * answers, and nobody else waits for it: requests would pile up, each with a command that is kept until it is answered.
 */
export class BackendState {
  readonly #logger = new Logger('SessionBackend');
  /** What fails, and when it failed last. */
  readonly #troubles = new Map<Trouble, number>();
  /** Whether a silent backend, or one that may be, is being asked, or will be after a pause. */
  #question: 'none' | 'asked' | 'paused' = 'none';
  /** How many operations had been answered when the silence began. */
  #answersBefore = 0;
  #pauseMs = PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** How many operations were answered in time so far. */
  answers = 0;
  isSilent = false;

  /**
   * @param ask succeeds where the backend answers, in the time that an operation has: with less, a backend that is slower
   * than that would never be found to be back
   * @param quietMs how long nothing must have failed before it is said that all is well: where a part of a backend is down,
   * success and failure take turns
   */
  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly quietMs: number,
  ) {}

  succeeded(access: Access): void {
    this.isSilent = false;
    if (this.#troubles.size > 0) this.#overcome([access, 'silence']);
  }

  failed(access: Access, error: SessionBackendError): void {
    if (!this.isSilent) this.#note(access, error);
  }

  /** @param answersBefore of the time when the operation that was not answered began */
  timedOut(access: Access, answersBefore: number, error: SessionBackendError): void {
    if (this.answers !== answersBefore) return this.failed(access, error);
    this.#note('silence', error);
    if (this.#question !== 'none') return;
    this.#answersBefore = answersBefore;
    this.#pauseMs = PAUSE_MS;
    this.#ask();
  }

  /** What is answered after its time is no success, but who answers that may answer a question now. */
  answeredLate(): void {
    if (this.#question !== 'paused') return;
    clearTimeout(this.#timer);
    this.#ask();
  }

  /** Asks no more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #note(trouble: Trouble, error: SessionBackendError): void {
    if (!this.#troubles.has(trouble)) this.#logger.error(error.message);
    this.#troubles.set(trouble, performance.now());
  }

  #overcome(troubles: Trouble[]): void {
    for (const trouble of troubles) {
      const failedAt = this.#troubles.get(trouble);
      if (failedAt === undefined || performance.now() - failedAt < this.quietMs) continue;
      this.#troubles.delete(trouble);
      this.#logger.log(OVERCOME[trouble]);
    }
  }

  #ask(): void {
    this.#question = 'asked';
    this.ask().then(
      () => (this.#question = 'none'),
      () => this.#askLater(),
    );
  }

  /** Goes on until there is an answer, to a question or to anything else. */
  #askLater(): void {
    this.isSilent = this.answers === this.#answersBefore && !this.#isClosed;
    this.#question = this.isSilent ? 'paused' : 'none';
    if (!this.isSilent) return;
    this.#timer = setTimeout(() => this.#ask(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
  }
}
