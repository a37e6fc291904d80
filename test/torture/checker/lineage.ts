import type { RequestEvent } from '../history.js';

/**
 * Which ids and tokens belong to one session. The id is the session's for life, so this is mostly an id's own; but
 * nothing here relies on it: where a handler saw the id change under a session that went on, or a token leads to
 * another id than the one it was given for, both are one session.
 */
export class Lineage {
  readonly #parents = new Map<string, string>();
  readonly #ids = new Map<string, string>();

  constructor(requests: readonly RequestEvent[]) {
    for (const request of requests) this.#addSteps(request);
    for (const request of requests) this.#addCookie(request);
    for (const { token, sight } of requests) {
      const given = token && this.#ids.get(token);
      if (given && sight && !sight.isNew) this.#join(given, sight.id);
    }
  }

  /** The session of an id. */
  of(id: string): string {
    let root = id;
    for (let next = this.#parents.get(root); next !== undefined; next = this.#parents.get(root)) {
      root = next;
    }
    return root;
  }

  /** The session for which a token was given. */
  ofToken(token: string | undefined): string | undefined {
    const id = token === undefined ? undefined : this.#ids.get(token);
    return id === undefined ? undefined : this.of(id);
  }

  #addSteps({ sight, steps, reports = [] }: RequestEvent): void {
    let before = sight?.id;
    for (const [index, { id, isNew, error }] of reports.entries()) {
      // One that is new though it wasn't before is another: the first had ended under its request.
      const goesOn = !isNew || sight?.isNew;
      const isOneSession = steps[index]!.op === 'regenerate' && goesOn && error === undefined;
      if (before !== undefined && isOneSession) this.#join(before, id);
      before = id;
    }
  }

  #addCookie({ cookie, sight, reports, left }: RequestEvent): void {
    const id = left?.id ?? reports?.at(-1)?.id ?? sight?.id;
    if (typeof cookie !== 'object' || id === undefined) return;
    // Who gave it was asked before anybody could bring it.
    if (!this.#ids.has(cookie.token)) this.#ids.set(cookie.token, id);
  }

  #join(one: string, other: string): void {
    const [from, to] = [this.of(one), this.of(other)];
    if (from !== to) this.#parents.set(from, to);
  }
}
