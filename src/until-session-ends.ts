import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { map, Observable, takeUntil } from 'rxjs';
import { isIterator, UntilAborted } from './edges/until-aborted.js';
import { SessionService } from './session.service.js';

@Injectable()
class UntilSessionEndsInterceptor implements NestInterceptor {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    // So that a backend that fails is what the client is told, and no end.
    await this.sessions.of(context);
    const signal = this.sessions.signal(context);
    return next.handle().pipe(
      map((value) => (isIterator(value) ? new UntilAborted(value, signal) : value)),
      takeUntil(aborted(signal)),
    );
  }
}

/**
 * Ends what a handler gives over time when its session ends, or has a new generation: the stream of `@Sse()`, the Observable of
 * a gateway's handler, the AsyncIterator of a subscription of GraphQL. It then completes, and the client is free to come back
 * with the token that it has by then.
 *
 * ```ts
 * @Sse('notices')
 * @UntilSessionEnds()
 * notices(@Principal() user: string) { return this.notices.of(user); }
 * ```
 */
export const UntilSessionEnds = (): ClassDecorator & MethodDecorator =>
  UseInterceptors(UntilSessionEndsInterceptor);

function aborted(signal: AbortSignal): Observable<void> {
  return new Observable((subscriber) => {
    const abort = () => subscriber.next();
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    return () => signal.removeEventListener('abort', abort);
  });
}
