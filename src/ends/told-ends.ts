import { Observable, Subject, share, takeUntil } from 'rxjs';
import type { EndReason, SessionEnds } from '../backends/session-ends.js';

/** A session that somebody has ended. */
export interface SessionEnd {
  readonly id: string;
  /** Whose it was; `undefined` where it was nobody's. */
  readonly principal: string | undefined;
  readonly reason: EndReason;
}

/** What a backend tells of ends, for whoever wants to hear of all of them. It is listened to only while somebody does. */
export class ToldEnds {
  readonly #closed = new Subject<void>();
  readonly all: Observable<SessionEnd>;

  constructor(ends: SessionEnds) {
    const told = new Observable<SessionEnd>((subscriber) =>
      ends.listen({
        tell(news) {
          if (news.kind !== 'ended') return;
          const { id, principal, reason } = news;
          subscriber.next({ id, principal, reason });
        },
        missed() {},
      }),
    );
    this.all = told.pipe(takeUntil(this.#closed), share());
  }

  close(): void {
    this.#closed.next();
  }
}
