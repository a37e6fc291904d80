import { expect, it } from 'vitest';
import * as library from 'nestjs-server-session';
import * as expressSession from 'nestjs-server-session/express-session';
import * as keyv from 'nestjs-server-session/keyv';
import * as memcached from 'nestjs-server-session/memcached';
import * as postgres from 'nestjs-server-session/postgres';
import * as testing from 'nestjs-server-session/testing';

it('exports these names and no others', () => {
  expect(Object.keys(library).toSorted()).toEqual([
    'AllowAnonymous',
    'AtomicAdapter',
    'CrossSiteError',
    'JsonCodec',
    'MemoryBackend',
    'Principal',
    'RedisBackend',
    'SESSION_BACKEND',
    'SESSION_CODEC',
    'SESSION_OPTIONS',
    'Session',
    'SessionBackendError',
    'SessionEndedError',
    'SessionGoneError',
    'SessionInterceptor',
    'SessionLimitError',
    'SessionMiddleware',
    'SessionModule',
    'SessionOptionsError',
    'SessionService',
    'SessionTokenError',
    'SessionValueError',
    'SignInRevokedError',
    'SignedInGuard',
    'SignedInWithin',
    'UntilSessionEnds',
  ]);
  expect(Object.keys(postgres)).toEqual(['PostgresBackend']);
  expect(Object.keys(testing)).toEqual([
    'sessionBackendContract',
    'fakeSession',
    'signedIn',
    'testSessions',
  ]);
  expect(Object.keys(expressSession)).toEqual(['StoreBackend', 'expressSession', 'fastifySession']);
  expect(Object.keys(keyv)).toEqual(['KeyvBackend']);
  expect(Object.keys(memcached)).toEqual(['MemcachedBackend']);
});
