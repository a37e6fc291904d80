import { describe, expect, it } from 'vitest';
import { compile } from '../support/compiler.js';

const DATA = `
  import 'nestjs-server-session';
  declare module 'nestjs-server-session' {
    interface SessionData { visits: number }
  }
`;
const USE = `
  export async function use(request: Request) {
    const visits: number | undefined = request.session.visits;
    await request.session.regenerate();
    request.session.set('visits', (visits ?? 0) + 1);
    // @ts-expect-error a field that nobody declared
    request.session.unknown = 1;
  }
`;
const EXPRESS = `
  import type { Request } from 'express';
  import 'nestjs-server-session/express';
  ${DATA}
`;
const FASTIFY = `
  import type { FastifyRequest as Request } from 'fastify';
  import 'nestjs-server-session/fastify';
  ${DATA}
`;

describe('request.session has a type', () => {
  it('on Express', () => {
    expect(compile(EXPRESS + USE, { without: ['express-session'] })).toEqual([]);
  }, 60_000);

  it('on Fastify', () => {
    expect(compile(FASTIFY + USE, { without: ['@fastify/session'] })).toEqual([]);
  }, 60_000);

  it('of express-session where its types are there too, and neither clashes', () => {
    const theirs = `
      export function use(request: Request) {
        request.session.cookie.maxAge = 1;
        request.session.regenerate(() => {});
      }
    `;
    expect(compile(`import 'express-session';${EXPRESS}${theirs}`)).toEqual([]);
    expect(compile(`${EXPRESS}import 'express-session';${theirs}`)).toEqual([]);
  }, 60_000);

  it('of @fastify/session where its types are there too, and neither clashes', () => {
    const theirs = `
      export function use(request: Request) {
        request.session.cookie.httpOnly = true;
      }
    `;
    expect(compile(`import '@fastify/session';${FASTIFY}${theirs}`)).toEqual([]);
    expect(compile(`${FASTIFY}import '@fastify/session';${theirs}`)).toEqual([]);
  }, 60_000);

  it.each([
    [
      'express-session',
      `import 'express-session'; ${EXPRESS}
       declare module 'express-session' { interface SessionData { [name: string]: any } }`,
    ],
    ['@fastify/session', `import '@fastify/session'; import '@fastify/passport'; ${FASTIFY}`],
  ])(
    'of %s, too, where somebody lets its data have any name',
    (_name, declared) => {
      const use = `
      export function use(request: Request) {
        const { httpOnly } = request.session.cookie;
        request.session.anything = httpOnly;
        // @ts-expect-error a member of theirs
        request.session.save = 1;
      }
    `;
      expect(compile(declared + use)).toEqual([]);
    },
    60_000,
  );

  it('only where it was asked for', () => {
    const text = `import type { Request } from 'express';${DATA}export const use = (request: Request) => request.session;`;
    const errors = compile(text, { without: ['express-session'] });
    expect(errors).toEqual([expect.stringContaining("Property 'session' does not exist")]);
  }, 60_000);
});
