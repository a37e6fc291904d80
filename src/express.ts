/**
 * Types `req.session` of Express: `import 'nestjs-server-session/express'`, once in a project.
 *
 * Where the types of express-session are installed, theirs stand: a property can be declared once only.
 * @module
 */
import type { Session } from './session/session.js';

/** @ts-ignore They may be missing: this is `any` then. */
type Theirs = import('express-session').Session & Partial<import('express-session').SessionData>;
/** Only `any` has every symbol as a key: theirs may have been given every text. */
type SessionOfRequest = symbol extends keyof Theirs ? Session : Theirs;

declare global {
  namespace Express {
    interface Request {
      session: SessionOfRequest;
    }
  }
}
