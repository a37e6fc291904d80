export const PLATFORMS = ['fastify', 'express'] as const;
export type Platform = (typeof PLATFORMS)[number];

/**
 * What a server does with sessions:
 * - `none`: nothing
 * - `floor`: one `GET` and `JSON.parse` in an interceptor, the least that a session in Redis can cost
 * - `eager`, `lazy`: this library, by its option `load`
 * - `peer`: the platform's usual session middleware with connect-redis
 */
export type Kind = 'none' | 'floor' | 'eager' | 'lazy' | 'peer';
export type Route = 'read' | 'write' | 'unused';

export interface Variant {
  readonly platform: Platform;
  readonly kind: Kind;
  readonly label: string;
  readonly route: Route;
  readonly sendsCookie: boolean;
}

const PEERS: Record<Platform, string> = {
  fastify: '@fastify/session',
  express: 'express-session',
};

/** Every variant whose "platform: label" a pattern matches. */
export function selectVariants(platforms: readonly Platform[], only: RegExp): Variant[] {
  return platforms.flatMap(variantsOf).filter((variant) => only.test(nameOf(variant)));
}

export function nameOf({ platform, label }: Variant): string {
  return `${platform}: ${label}`;
}

function variantsOf(platform: Platform): Variant[] {
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
    variant('lazy, reads', 'lazy', 'read'),
    variant('lazy, unused, cookie', 'lazy', 'unused'),
    variant(`${peer}, reads`, 'peer', 'read'),
    variant(`${peer}, writes`, 'peer', 'write'),
  ];
}
