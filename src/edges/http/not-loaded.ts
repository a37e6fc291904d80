/** What takes the place of a session that nobody has loaded, and tells whoever uses it how to have it loaded. */
export const NOT_LOADED: object = new Proxy(
  {},
  {
    get: refuseUnloaded,
    set: refuseUnloaded,
    has: refuseUnloaded,
    deleteProperty: refuseUnloaded,
    defineProperty: refuseUnloaded,
    ownKeys: refuseUnloaded,
    getOwnPropertyDescriptor: refuseUnloaded,
  },
);

export function refuseUnloaded(): never {
  throw new Error(
    "The session of this request is not loaded, because SessionModule has load: 'lazy'. Take it by @Session() of nestjs-server-session (not of @nestjs/common) or by SessionService.of(request), or put SessionMiddleware before this.",
  );
}
