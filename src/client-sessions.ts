/** By which an application takes such sessions into use. That of another copy of this library is the same. */
export const KEEP: unique symbol = Symbol.for('nestjs-server-session:keep');

/** Sessions that clients keep themselves, for the option `backend`: what `cookieSessions()` of `nestjs-server-session/cookie` gives. */
export interface ClientSessions {
  readonly [KEEP]: (...settings: never[]) => object;
}

export function areClientSessions(backend: object | undefined): backend is ClientSessions {
  return typeof (backend as Partial<ClientSessions> | null | undefined)?.[KEEP] === 'function';
}
