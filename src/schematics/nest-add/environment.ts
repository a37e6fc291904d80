import { randomBytes } from 'node:crypto';
import { withLines } from './source-text.js';
import type { Store } from './stores.js';

/** The text of `.env` with what is missing of a secret and a URL. What is there stays. */
export function withVariables(source: string, { url }: Store): string {
  const secret = { name: 'SESSION_SECRET', value: randomBytes(32).toString('base64url') };
  const missing = [secret, ...(url ? [url] : [])].filter(
    ({ name }) => !new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, 'm').test(source),
  );
  return withLines(
    source,
    missing.map(({ name, value }) => `${name}=${value}`),
  );
}

/** The text of `.gitignore` so that it names `.env`: a secret is not committed. */
export function withoutEnvFile(source: string): string {
  return /^\/?(\*\*\/)?\.env\*?\s*$/m.test(source) ? source : withLines(source, ['.env']);
}
