/**
 * For tests: `import { signedIn, testSessions } from 'nestjs-server-session/testing'`.
 * @module
 */
export { sessionBackendContract } from './backend-contract.js';
export type { ContractCase, ContractTarget } from './backend-contract.js';
export { fakeSession } from './fake-session.js';
export type { FakeSessionOptions } from './fake-session.js';
export { signedIn } from './signed-in.js';
export type { BrowserCookie, SignedInClient, SignedInOptions } from './signed-in.js';
export { testSessions } from './test-sessions.js';
export type { TestSessions } from './test-sessions.js';
