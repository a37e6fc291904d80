/** What to write here for the options of express-session and @fastify/session. */
export const FOREIGN_OPTIONS: Readonly<Record<string, string>> = {
  store:
    'write backend, such as RedisBackend.fromUrl(url), or new StoreBackend(store) of nestjs-server-session/express-session',
  name: "write cookie: { name: 'sid' }",
  cookieName: "write cookie: { name: 'sid' }",
  cookieOptions: 'write cookie',
  maxAge: "write idleTimeout, such as '14d', and absoluteTimeout",
  ttl: "write idleTimeout, such as '14d', and absoluteTimeout",
  rolling: 'leave it out: each use prolongs a session, by idleTimeout',
  resave: 'leave it out: a session is saved when it has changed',
  saveUninitialized: 'leave it out: a session is stored once it has data',
  unset: 'leave it out: req.session = null ends the session',
  proxy: "leave it out, and set 'trust proxy' of Express, or trustProxy of Fastify",
  algorithm: 'leave it out: tokens are signed with HMAC-SHA-256',
  genid: 'leave it out: ids are random',
  idGenerator: 'leave it out: ids are random',
  cookiePrefix: "leave it out, and set cookie: { name: 'sid' }",
};

/** The same for those of their cookie. */
export const FOREIGN_COOKIE_OPTIONS: Readonly<Record<string, string>> = {
  maxAge:
    "write idleTimeout, such as '14d', beside cookie; or cookie.persistent: false for one that ends with the browser",
  expires:
    "write absoluteTimeout, such as '30d', beside cookie; or cookie.persistent: false for one that ends with the browser",
  signed: 'leave it out: the cookie always is',
  encode: 'leave it out: no token needs it',
  priority: 'leave it out: it can not be set here',
};
