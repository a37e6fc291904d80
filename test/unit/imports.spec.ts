import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.c?ts$/.test(file))
  .map((file) => join('src', file));

/** What each file imports of the others, types included. */
const imports = new Map(
  files.map((file) => {
    const source = readFileSync(file, 'utf8');
    const paths = [...source.matchAll(/from '(\.[^']+\.c?)js'/g)].map(([, path]) => path!);
    return [file, paths.map((path) => `${normalize(join(dirname(file), path))}ts`)];
  }),
);

/** A way from a file back to itself; `undefined` where there is none. */
function circleFrom(start: string): string[] | undefined {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of imports.get(way.at(-1)!) ?? []) {
      if (next === start) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/** Where the files of a layer may not reach. */
const FORBIDDEN: [layer: RegExp, from: RegExp][] = [
  [/^src\/backends\//, /^src\/(session\/|edges\/|transports\/|session\.)/],
  [/^src\/session\//, /^src\/(edges\/|transports\/|session\.)/],
  [/^src\/ends\//, /^src\/(session\/|principals\/|edges\/|transports\/|session\.)/],
  [/^src\/(backends|session|principals)\//, /^src\/ends\//],
  [/^src\/errors\//, /^src\/(?!errors\/)/],
  [/^src\/(?!index|testing\/)/, /^src\/(index|testing\/)/],
  [/^src\/(?!index|session\.module)/, /^src\/session\.module/],
  [/^src\/backends\/redis\//, /^src\/backends\/postgres\//],
  [/^src\/(?!postgres|backends\/postgres\/)/, /^src\/(postgres|backends\/postgres\/)/],
  [/^src\/backends\/postgres\//, /^src\/backends\/redis\//],
  [/^src\/schematics\//, /^src\/(?!schematics\/)/],
  [/^src\/(?!schematics\/)/, /^src\/schematics\//],
];

/** All files that one needs. */
function neededBy(start: string): string[] {
  const needed = new Set([start]);
  for (const file of needed) for (const next of imports.get(file) ?? []) needed.add(next);
  return [...needed];
}

describe('the imports of src', () => {
  it('give the main entry no backend of another entry', () => {
    const others = neededBy('src/index.ts').filter((file) =>
      /^src\/(backends\/(express-session|keyv|memcached)\/|express-session|keyv|memcached)/.test(
        file,
      ),
    );
    expect(others).toEqual([]);
    expect(neededBy('src/express-session.ts')).toContain(
      'src/backends/express-session/store-backend.ts',
    );
    expect(neededBy('src/memcached.ts')).toContain('src/backends/memcached/owned-client.ts');
    expect(neededBy('src/keyv.ts')).toContain('src/backends/keyv/keyv-backend.ts');
  });

  it('make no circle', () => {
    expect(files.map(circleFrom).filter(Boolean)).toEqual([]);
  });

  it('go one way: module, edges, service, session, backends', () => {
    const wrong = [...imports].flatMap(([file, found]) =>
      found
        .filter((other) => FORBIDDEN.some(([layer, from]) => layer.test(file) && from.test(other)))
        .map((other) => `${file} → ${other}`),
    );
    expect(wrong).toEqual([]);
  });
});
