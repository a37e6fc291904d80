import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Observable, Subscriber } from 'rxjs';
import type { SessionHandle } from './edges/http/session-handle.js';
import { SessionService } from './session.service.js';

/**
 * Loads the session before an HTTP handler and commits it after, so that a failing backend is an exception that filters
 * see. What it can't see (a guard that refuses, `@Res()`, SSE, a thrown error) is committed before the response leaves.
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const handle = SessionService.handleOf(context);
    const session = handle.load();
    return session instanceof Promise
      ? session.then(() => committed(next.handle(), handle))
      : committed(next.handle(), handle);
  }
}

function committed(source: Observable<unknown>, handle: SessionHandle): Observable<unknown> {
  return new Observable((subscriber) => source.subscribe(new Committer(subscriber, handle)));
}

/** Commits once, when the handler's values have all come and before it completes. */
class Committer extends Subscriber<unknown> {
  constructor(
    destination: Subscriber<unknown>,
    private readonly handle: SessionHandle,
  ) {
    super(destination);
  }

  protected override _complete(): void {
    const work = this.handle.commit();
    if (!work) return super._complete();
    work.then(
      () => super._complete(),
      (error: unknown) => super._error(error),
    );
  }
}
