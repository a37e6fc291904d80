/** By which an application takes such sessions into use. That of another copy of this library is the same. */
export const KEEP: unique symbol = Symbol.for('nestjs-server-session:keep') as never;

/** Sessions that clients keep themselves. What `cookieSessions()` of `nestjs-server-session/cookie` gives. */
export interface ClientSessions {
  /** @internal */
  readonly [KEEP]: (...settings: never[]) => object;
}

export function areClientSessions(backend: object | undefined): backend is ClientSessions {
  return typeof (backend as Partial<ClientSessions> | null | undefined)?.[KEEP] === 'function';
}
