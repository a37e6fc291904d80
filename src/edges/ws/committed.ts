import { Observable, Subscriber } from 'rxjs';

/** What must be stored before an answer leaves. */
export interface Commits {
  /** `undefined` where nothing must. */
  commit(): Promise<void> | undefined;
}

/**
 * What becomes of an error: the handler's own, or that of a commit, which takes the place of the answer. `undefined` where
 * its client was told: that is then the end.
 */
export type Failure = (error: unknown, isOfCommit: boolean) => Promise<unknown>;

/** A handler's answers, its error and its end, each after a commit, in order. */
export function committed(
  source: Observable<unknown>,
  commits: Commits,
  failure: Failure,
): Observable<unknown> {
  return new Observable((subscriber) =>
    source.subscribe(new Committing(subscriber, commits, failure)),
  );
}

class Committing extends Subscriber<unknown> {
  /** Until all that has come was sent. */
  #sending: Promise<void> | undefined;

  constructor(
    private readonly answers: Subscriber<unknown>,
    private readonly commits: Commits,
    private readonly failure: Failure,
  ) {
    super(answers);
  }

  protected override _next(value: unknown): void {
    this.#send(() => this.answers.next(value));
  }

  protected override _complete(): void {
    this.#send(() => super._complete());
  }

  protected override _error(error: unknown): void {
    this.#send(() => this.#fail(error, false));
  }

  /** At once, where nothing must be stored and nothing is under way. */
  #send(send: () => void | Promise<void>): void {
    if (this.#sending) {
      this.#sending = this.#sending.then(() => {
        if (!this.closed) return this.#sendAfter(this.commits.commit(), send);
      });
      return;
    }
    const work = this.commits.commit();
    if (work) this.#sending = this.#sendAfter(work, send);
    else void send();
  }

  async #sendAfter(
    work: Promise<void> | undefined,
    send: () => void | Promise<void>,
  ): Promise<void> {
    try {
      await work;
    } catch (error) {
      return this.#fail(error, true);
    }
    // By then the client may have gone, and with it whoever listened.
    if (!this.closed) await send();
  }

  async #fail(error: unknown, isOfCommit: boolean): Promise<void> {
    const left = await this.failure(error, isOfCommit);
    if (this.closed) return;
    if (left === undefined) super._complete();
    else super._error(left);
  }
}
