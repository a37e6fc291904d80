import type { Store } from './stores.js';

interface Manifest {
  type?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export const isEsm = (source: string): boolean =>
  (JSON.parse(source) as Manifest).type === 'module';

/** The text of `package.json` with the client among its dependencies, indented as it is. */
export function withClient(source: string, { client }: Store): string {
  const manifest = JSON.parse(source) as Manifest;
  if (!client || manifest.dependencies?.[client.name]) return source;
  const all = { ...manifest.dependencies, [client.name]: client.range };
  manifest.dependencies = Object.fromEntries(
    Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const indent = /^[ \t]+(?=")/m.exec(source)?.[0] ?? '  ';
  return JSON.stringify(manifest, null, indent) + (source.endsWith('\n') ? '\n' : '');
}
