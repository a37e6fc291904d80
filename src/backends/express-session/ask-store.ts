/** What is used of a store of express-session or @fastify/session, of whichever copy. */
export interface SessionStoreLike {
  get(id: string, callback: (error: unknown, session?: unknown) => void): unknown;
  set(id: string, session: never, callback: (error?: unknown) => void): unknown;
  destroy(id: string, callback: (error?: unknown) => void): unknown;
}

/**
 * What a store answers, by its callback or by a promise. The first answer counts. A promise of a method that takes a callback
 * may be there before the answer is: of such a one only the failure counts.
 */
export function askStore<M extends keyof SessionStoreLike>(
  store: Pick<SessionStoreLike, M>,
  method: M,
  ...args: unknown[]
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const run = store[method] as (...args: unknown[]) => unknown;
    const takesCallback = run.length > args.length;
    const returned = run.call(store, ...args, (error: unknown, value: unknown) => {
      if (error) reject(error);
      else resolve(value);
    });
    if (!isThenable(returned)) return;
    returned.then((value) => {
      if (!takesCallback) resolve(value);
    }, reject);
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | undefined)?.then === 'function';
}
