import type { Store } from './stores.js';

/** The text of `session-data.ts`. Its import makes it add to the library's types, which it would hide without. */
export const SESSION_DATA = `import 'nestjs-server-session';

declare module 'nestjs-server-session' {
  /** What sessions hold: each field may be missing. */
  interface SessionData {
    visits: number;
  }
}
`;

/**
 * The text of `session.options.ts`. It reads \`.env\` by itself: that takes no package, is the same whatever starts the
 * application, and works under Jest, which keeps what \`process.loadEnvFile()\` sets from its tests.
 */
export function sessionOptions({ imports, backend }: Store): string {
  return `import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
${imports}

/** \`.env\` is for one machine: what the environment has set wins. */
const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
const env = { ...file, ...process.env };

export function sessionOptions(): SessionOptions {
  return {
    secret: env.SESSION_SECRET ?? '',
${backend}  };
}
`;
}
