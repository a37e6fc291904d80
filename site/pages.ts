/** What is shown at the left, in this order: by group, each page's name there and its file in the repository. */
export const GROUPS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'First steps': {
    Overview: 'README.md',
    Start: 'docs/start.md',
    'The session': 'docs/session.md',
    Options: 'docs/options.md',
    'Which mode do I want?': 'docs/modes.md',
    Questions: 'docs/faq.md',
    'Errors and warnings': 'docs/troubleshooting.md',
  },
  'In an application': {
    'Sign-in and devices': 'docs/principals.md',
    Guards: 'docs/guards.md',
    'Services and middleware': 'docs/middleware.md',
    Ends: 'docs/ends.md',
    Gateways: 'docs/gateways.md',
    GraphQL: 'docs/graphql.md',
    Mobile: 'docs/mobile.md',
    'Bearer tokens': 'docs/bearer.md',
    Testing: 'docs/testing.md',
    Recipes: 'docs/recipes.md',
    Migration: 'docs/migration.md',
  },
  Backends: {
    Redis: 'docs/redis.md',
    PostgreSQL: 'docs/postgres.md',
    memcached: 'docs/memcached.md',
    Keyv: 'docs/keyv.md',
    'Stores of express-session': 'docs/express-session-stores.md',
    Cookies: 'docs/cookie.md',
    'All, and one of your own': 'docs/backends.md',
  },
  'In production': {
    Operations: 'docs/operations.md',
    Security: 'docs/security.md',
    Performance: 'docs/performance.md',
    Sizing: 'docs/sizing.md',
    Reliability: 'docs/reliability.md',
  },
  'In the library': {
    Architecture: 'docs/architecture.md',
    Contributing: 'CONTRIBUTING.md',
    'The torture run': 'test/torture/README.md',
    'The sample': 'sample/README.md',
    Versions: 'docs/versioning.md',
    Changelog: 'CHANGELOG.md',
    License: 'LICENSE',
  },
};

/** The files of all pages. */
export const FILES: readonly string[] = Object.values(GROUPS).flatMap((group) =>
  Object.values(group),
);

/** What a page is called at the left. */
export function nameOf(file: string): string {
  const entries = Object.values(GROUPS).flatMap((group) => Object.entries(group));
  return entries.find(([, each]) => each === file)![0];
}

/** A file as a page of the site, without its ending: a folder's `README.md` is called as the folder. */
export function pageOf(file: string): string {
  if (file === 'README.md') return 'index';
  return file
    .replace(/\/README\.md$/, '')
    .replace(/\.md$/, '')
    .split('/')
    .at(-1)!
    .toLowerCase();
}
