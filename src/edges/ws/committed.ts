import { catchError, concatMap, dematerialize, from, materialize, type Observable, of } from 'rxjs';

/** What must be stored before an answer leaves. */
export interface Commits {
  /** `undefined` where nothing must. */
  commit(): Promise<void> | undefined;
}

/**
 * A handler's answers, its error and its end, each after a commit, in order.
 * @param failure what becomes of an error: the handler's own, or that of a commit, which takes the place of the answer
 */
export function committed(
  source: Observable<unknown>,
  commits: Commits,
  failure: (error: unknown) => Promise<unknown>,
): Observable<unknown> {
  return source.pipe(
    materialize(),
    concatMap((notification) => {
      const work = commits.commit();
      return work ? from(work.then(() => notification)) : of(notification);
    }),
    dematerialize(),
    catchError((error: unknown) =>
      from(failure(error)).pipe(
        concatMap((told) => {
          throw told;
        }),
      ),
    ),
  );
}
