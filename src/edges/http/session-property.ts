/** On the prototype of an application's requests: whose they are. */
export const REQUEST_SESSIONS = Symbol.for('nestjs-server-session:request-sessions');

/** Whose sessions requests show. */
interface ShownSessions {
  shown(request: object): unknown;
  giveUp(request: object): void;
  discard(request: object): void;
}
type AnyRequest = object & { readonly [REQUEST_SESSIONS]?: ShownSessions };

/**
 * `request.session`, until somebody puts something else there. `null` ends the session, as in express-session. It shows the
 * sessions of the innermost application, wherever the property stands.
 */
export function sessionProperty(sessions: ShownSessions): PropertyDescriptor {
  const innermost = (request: AnyRequest) => request[REQUEST_SESSIONS] ?? sessions;
  const get = function (this: AnyRequest) {
    return innermost(this).shown(this);
  };
  const set = function (this: AnyRequest, value: unknown) {
    if (value === null || value === undefined) return innermost(this).discard(this);
    innermost(this).giveUp(this);
    Object.defineProperty(this, 'session', {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  };
  return { configurable: true, get: Object.assign(get, { [REQUEST_SESSIONS]: true }), set };
}

/** Whether a request has a `session` of its own that no application of this library has put there. */
export function isShownByOthers(request: object): boolean {
  if (!Object.hasOwn(request, 'session')) return false;
  const { get } = Object.getOwnPropertyDescriptor(request, 'session')!;
  return !(get && Object.hasOwn(get, REQUEST_SESSIONS));
}
