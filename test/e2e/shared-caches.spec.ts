import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { RawRequest } from '../support/raw-client.js';

type Reply = ServerResponse & { raw?: ServerResponse; hijack?(): void };
type Fields = [name: string, value: string][];

/** How a handler may say what its response's headers are. */
const WAYS: Record<string, (raw: ServerResponse, fields: Fields) => unknown> = {
  'set before': (raw, fields) => {
    for (const [name, value] of fields) raw.appendHeader(name, value);
  },
  'an object for writeHead': (raw, fields) => raw.writeHead(200, Object.fromEntries(fields)),
  'an object for writeHead, behind a reason': (raw, fields) =>
    raw.writeHead(200, 'Fine', Object.fromEntries(fields)),
  'a flat list for writeHead': (raw, fields) => raw.writeHead(200, fields.flat()),
  'a list of pairs for writeHead': (raw, fields) => {
    // Node refuses it where a header is set, and Express sets one.
    raw.removeHeader('X-Powered-By');
    if (raw.getHeaderNames().length === 0 && !('app' in raw))
      return raw.writeHead(200, fields as never);
    for (const [name, value] of fields) raw.setHeader(name, value);
  },
};

@Controller()
class CachedController {
  @Get('write')
  write(@Session() session: Session, @Query() query: Record<string, string>, @Res() reply: Reply) {
    session.increment('visits');
    this.read(session, query, reply);
  }
  @Get('read')
  read(
    @Session() session: Session,
    @Query() { way, fields }: Record<string, string>,
    @Res() reply: Reply,
  ) {
    void session.visits;
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    WAYS[way!]!(raw, JSON.parse(fields!) as Fields);
    raw.end('body');
  }
}

const KEPT = [
  'private',
  'no-store',
  'Private, max-age=5',
  'max-age=5 , NO-STORE',
  'no-cache="set-cookie, x", private',
];
const REPLACED = [
  'public',
  'max-age=3600',
  'no-cache',
  's-maxage=60',
  'no-store-foo',
  'not-private',
  'private="x-field"',
  'private=x-field',
  'ext="a, private, b"',
  'ext="a\\", no-store, ',
  '',
];
const TARGETED = [
  'CDN-Cache-Control',
  'Cloudflare-CDN-Cache-Control',
  'vercel-cdn-cache-control',
  'ExampleCDN-Cache-Control',
  'Surrogate-Control',
  'X-Accel-Expires',
];

describe.each(ADAPTERS)('shared caches, on %s', (adapter) => {
  describe.each(Object.keys(WAYS))('%s', (way) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start({
        adapter,
        session: { load: 'lazy' },
        controllers: [CachedController],
      });
    });
    afterAll(() => app.stop());

    async function get(path: string, fields: Fields) {
      const query = new URLSearchParams({ way, fields: JSON.stringify(fields) });
      const { head, setCookies } = await (
        await RawRequest.send(app.url, 'GET', `/${path}?${query.toString()}`)
      ).answer();
      const values = (name: string) =>
        [...head.matchAll(new RegExp(`^${name}: *(.*?)\\r?$`, 'gim'))].map((match) => match[1]);
      return { setCookies, values };
    }

    it.each(KEPT)('%s stays beside a new token', async (value) => {
      const { setCookies, values } = await get('write', [['Cache-Control', value]]);
      expect(setCookies).toHaveLength(1);
      expect(values('Cache-Control')).toEqual([value]);
    });

    it.each(REPLACED)('%j becomes no-store beside a new token', async (value) => {
      const { setCookies, values } = await get('write', [['cache-control', value]]);
      expect(setCookies).toHaveLength(1);
      expect(values('Cache-Control')).toEqual(['no-store']);
    });

    it.each(TARGETED)(
      '%s goes where there is a new token, and stays where there is none',
      async (name) => {
        const fields: Fields = [
          [name, 'max-age=600'],
          ['Cache-Control', 'private'],
          ['Set-Cookie', 'mine=1'],
        ];
        const written = await get('write', fields);
        expect(written.setCookies).toEqual(['mine=1', expect.stringMatching(/^sid=/)]);
        expect(written.values(name)).toEqual([]);
        expect(written.values('Cache-Control')).toEqual(['private']);
        const read = await get('read', fields);
        expect(read.values(name)).toEqual(['max-age=600']);
        expect(read.values('Vary')).toEqual(['Cookie']);
      },
    );
  });
});
