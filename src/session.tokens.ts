/**
 * The options, as the user wrote them (`SessionOptions`).
 */
export const SESSION_OPTIONS = Symbol.for('nestjs-server-session:SESSION_OPTIONS');

/**
 * The backend, a `SessionBackend`. A provider for it in `extraProviders` wins over `options.backend`;
 * `.overrideProvider(SESSION_BACKEND)` replaces it in a test.
 */
export const SESSION_BACKEND = Symbol.for('nestjs-server-session:SESSION_BACKEND');

/** The codec of field values, a `SessionCodec`; JSON by default. */
export const SESSION_CODEC = Symbol.for('nestjs-server-session:SESSION_CODEC');
