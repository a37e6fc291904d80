export { cookieSessions } from './cookie-sessions.js';
export type { ClientSessions } from '../client-sessions.js';
export { SessionSizeError } from '../errors/session-size.error.js';
