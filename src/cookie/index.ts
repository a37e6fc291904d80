/**
 * Sessions in their cookies: `import { cookieSessions } from 'nestjs-server-session/cookie'`.
 * @module
 */
export { cookieSessions } from './cookie-sessions.js';
export type { ClientSessions } from '../client-sessions.js';
export { SessionSizeError } from '../errors/session-size.error.js';
