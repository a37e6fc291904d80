import type { Shape } from './sized-contents.js';

export const PLATFORMS = ['fastify', 'express'] as const;
export type Platform = (typeof PLATFORMS)[number];

/**
 * What a server does with sessions:
 * - `none`: nothing
 * - `floor`: one `GET` and `JSON.parse` in an interceptor, the least that a session in Redis can cost
 * - `eager`, `lazy`: this library, by its option `load`, with `current: false`
 * - `current`: this library with `current: true`
 * - `peer`: the platform's usual session middleware with connect-redis
 * - `sealed`: this library with `cookieSessions()`; `iron`, `secure`: iron-session and @fastify/secure-session
 */
export type Kind =
  'none' | 'floor' | 'eager' | 'lazy' | 'current' | 'peer' | 'sealed' | 'iron' | 'secure';
export type Route = 'read' | 'write' | 'unused';

/** What is compared, by what it runs on and what it does there. */
export interface Labelled {
  readonly platform: string;
  readonly label: string;
}

export interface Variant extends Labelled {
  readonly platform: Platform;
  readonly kind: Kind;
  readonly route: Route;
  readonly sendsCookie: boolean;
  /** Where sessions are of this shape, and not what sessions usually are. */
  readonly shape?: Shape;
  /** Whether a session is in its cookie, so that who sends the same one has the same session. */
  readonly isInCookie?: boolean;
}

const PEERS: Record<Platform, string> = {
  fastify: '@fastify/session',
  express: 'express-session',
};

export function nameOf({ platform, label }: Labelled): string {
  return `${platform}: ${label}`;
}

/** The variants whose "platform: label" a pattern matches. @throws Error where there are none */
export function matching<T extends Labelled>(variants: readonly T[], only: RegExp): T[] {
  const matched = variants.filter((variant) => only.test(nameOf(variant)));
  if (matched.length === 0) throw new Error(`No variant matches ${String(only)}`);
  return matched;
}

export function variantsOf(platform: Platform): Variant[] {
  const peer = `${PEERS[platform]} + connect-redis`;
  const variant = (label: string, kind: Kind, route: Route, sendsCookie = true): Variant => ({
    platform,
    kind,
    label,
    route,
    sendsCookie,
  });
  return [
    variant('no session', 'none', 'read'),
    variant('floor: GET + JSON.parse', 'floor', 'read'),
    variant('eager, reads', 'eager', 'read'),
    variant('eager, writes', 'eager', 'write'),
    variant('eager, unused, cookie', 'eager', 'unused'),
    variant('eager, unused, no cookie', 'eager', 'unused', false),
    variant('eager, current: true, reads', 'current', 'read'),
    variant('lazy, reads', 'lazy', 'read'),
    variant('lazy, unused, cookie', 'lazy', 'unused'),
    variant(`${peer}, reads`, 'peer', 'read'),
    variant(`${peer}, writes`, 'peer', 'write'),
  ];
}
