/** Each store of somebody else is taken as its own package types it; `npm run typecheck` runs it. */
import { Keyv } from 'keyv';
import { KeyvBackend } from 'nestjs-server-session/keyv';

export const keyvs: KeyvBackend[] = [
  new KeyvBackend(new Keyv({ throwOnErrors: true })),
  new KeyvBackend(new Keyv<string>({ throwOnErrors: true }), { prefix: 'web:' }),
  new KeyvBackend(new Keyv<{ a: 1 }>({ throwOnErrors: true })),
];
// @ts-expect-error it is no Keyv
export const noKeyv = new KeyvBackend(new Map());
