import type { Kind, Platform, Route, Variant } from '../variants.js';

/** What keeps sessions in cookies, beside a server that has none. */
export function cookieVariants(platform: Platform): Variant[] {
  const variant = (label: string, kind: Kind, route: Route, sendsCookie = true): Variant => ({
    platform,
    kind,
    label,
    route,
    sendsCookie,
    isInCookie: true,
  });
  const both = (name: string, kind: Kind) => [
    variant(`${name}, reads`, kind, 'read'),
    variant(`${name}, writes`, kind, 'write'),
  ];
  return [
    variant('no session', 'none', 'read'),
    ...both('cookieSessions()', 'sealed'),
    ...both('iron-session', 'iron'),
    ...(platform === 'fastify' ? both('@fastify/secure-session', 'secure') : []),
  ];
}
