import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Observable, Subscriber } from 'rxjs';
import { graphqlContextOf, operationHandleOf } from './edges/graphql.js';
import { answersItself } from './edges/http/answers-itself.js';
import { RequestSessions } from './edges/http/request-sessions.js';
import type { Handle } from './edges/handle.js';

/**
 * Loads the session before an HTTP handler and commits it after, so that a failing backend is an exception that filters
 * see. What it can't see (a guard that refuses, `@Res()`, SSE, a thrown error) is committed before the response leaves.
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  /** @hidden Nest makes it. */
  constructor(@Inject(RequestSessions) private readonly requests: RequestSessions) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const type = context.getType<string>();
    if (type === 'graphql') return this.#interceptField(context, next);
    if (type !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<object>();
    const handle = RequestSessions.handling(request).handleOf(request);
    const proceed = () => committed(context, next, handle);
    const session = handle.loadForHandler();
    return session instanceof Promise ? session.then(proceed) : proceed();
  }

  /** Loads the session of an operation once, whichever root field comes first. */
  #interceptField(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const handle = operationHandleOf(graphqlContextOf(context), this.requests);
    const session = handle.load();
    return session instanceof Promise
      ? session.then(() => handle.answered(next.handle()))
      : handle.answered(next.handle());
  }
}

function committed(
  context: ExecutionContext,
  next: CallHandler,
  handle: Handle,
): Observable<unknown> {
  const source = next.handle();
  return new Observable((subscriber) =>
    source.subscribe(new Committer(subscriber, handle, context)),
  );
}

/**
 * Commits once, when the handler's values have all come and before it completes. Where its client goes away Nest ends the
 * Observable of a handler, whose changes are then all that there will be.
 */
class Committer extends Subscriber<unknown> {
  constructor(
    destination: Subscriber<unknown>,
    private readonly handle: Handle,
    private readonly context: ExecutionContext,
  ) {
    super(destination);
  }

  override unsubscribe(): void {
    if (!this.closed && !this.isStopped) this.handle.commit()?.catch(() => {});
    super.unsubscribe();
  }

  protected override _complete(): void {
    const work = this.handle.commit();
    if (!work) return super._complete();
    // By then the client may have gone, and with it whoever listened.
    work.then(
      () => this.closed || super._complete(),
      (error: unknown) => this.closed || this.#fail(error),
    );
  }

  /** What a filter answers would meet what a handler has sent by `@Res()`, which a hook of Fastify may still keep. */
  #fail(error: unknown): void {
    if (answersItself(this.context) && this.handle.failHead(error)) super._complete();
    else super._error(error);
  }

  protected override _error(error: unknown): void {
    this.handle.tellRetry(error);
    super._error(error);
  }
}
