/**
 * Sessions for NestJS: `import { Session, SessionModule } from 'nestjs-server-session'`.
 * @module
 */
export { SessionModule } from './session.module.js';
export type { SessionModuleAsyncOptions, SessionModuleOptions } from './session.module.js';
export { SessionService } from './session.service.js';
export type { SessionHealth } from './session.service.js';
export { Session } from './session.decorator.js';
export { Principal } from './principal.decorator.js';
export { AllowAnonymous, SignedInGuard, SignedInWithin } from './signed-in.guard.js';
export { UntilSessionEnds } from './until-session-ends.js';
export { SessionInterceptor } from './session.interceptor.js';
export { SessionMiddleware } from './session.middleware.js';
export { SESSION_BACKEND, SESSION_CODEC, SESSION_OPTIONS } from './session.tokens.js';
export type { Duration } from './session/lifetime.js';
export type {
  PrincipalsOptions,
  SessionCookieOptions,
  SessionModuleSettings,
  SessionOptions,
  SessionOptionsFactory,
} from './session.options.js';
export type {
  LifetimeOptions,
  RegenerateOptions,
  SessionCallback,
  SessionData,
  SessionKey,
  SessionMembers,
  SessionValues,
  SignInOptions,
} from './session/session.js';
export type { SessionCodecTypes, StoredValue } from './session/stored-value.js';
export type {
  SessionErrorEvent,
  SessionEvent,
  SessionOperation,
  SessionReplacedEvent,
} from './session/session-events.js';
export type {
  SessionBeginEvent,
  SessionEndEvent,
  SessionNewTokenEvent,
  SessionSignInEvent,
} from './session/audit-events.js';
export type { IssuedSession, IssueOptions } from './session/issued-session.js';
export type { ListOptions, RevokeAllOptions } from './principals/principals.js';
export type { SessionEnd } from './ends/told-ends.js';
export type { SignalOptions } from './edges/session-signals.js';
export type { StoredSession } from './session/stored-session.js';
export { JsonCodec } from './session/codec.js';
export type { SessionCodec } from './session/codec.js';
export type {
  AtomicSessionBackend,
  Lifetime,
  SecretChange,
  SessionBackend,
  SessionChange,
  SessionRecord,
  UpdateResult,
} from './backends/session-backend.js';
export type {
  Entered,
  EnteringRequest,
  Fence,
  Fenced,
  IndexedBackend,
  IndexEntry,
  PrincipalIndex,
} from './backends/principal-index.js';
export type {
  EndReason,
  EndsListener,
  EndsNews,
  SessionEnds,
  TellingBackend,
} from './backends/session-ends.js';
export { AtomicAdapter } from './backends/atomic-adapter.js';
export type { AtomicAdapterOptions } from './backends/atomic-adapter.js';
export { MemoryBackend } from './backends/memory-backend.js';
export type { MemoryBackendOptions } from './backends/memory-backend.js';
export { RedisBackend } from './backends/redis/redis-backend.js';
export type { RedisBackendOptions } from './backends/redis/redis-backend.js';
export { CrossSiteError } from './errors/cross-site.error.js';
export { SessionBackendError } from './errors/session-backend.error.js';
export { SessionEndedError } from './errors/session-ended.error.js';
export type { SessionEndReason } from './errors/session-ended.error.js';
export { SessionGoneError } from './errors/session-gone.error.js';
export { SessionLimitError } from './errors/session-limit.error.js';
export { SessionOptionsError } from './errors/session-options.error.js';
export { SessionTokenError } from './errors/session-token.error.js';
export { SessionValueError } from './errors/session-value.error.js';
export { SignInRevokedError } from './errors/sign-in-revoked.error.js';
