/**
 * Types `request.session` of Fastify: `import 'nestjs-server-session/fastify'`, once in a project.
 *
 * Where the types of @fastify/session are installed, theirs stand: a property can be declared once only.
 * @module
 */
import type {} from 'fastify';
import type { Session } from './session/session.js';

/** @ts-ignore They may be missing: this is `any` then. */
type Theirs = import('@fastify/session').FastifySessionObject;
/** Only `any` has every symbol as a key: theirs may have been given every text. */
type SessionOfRequest = symbol extends keyof Theirs ? Session : Theirs;

declare module 'fastify' {
  interface FastifyRequest {
    session: SessionOfRequest;
  }
}
