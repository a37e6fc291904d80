import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** White space and apostrophes as neither prose nor source has them by chance. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll("'", '’');
}

function below(folder: string, name: string): string[] {
  const path = join(folder, name);
  if (!statSync(path).isDirectory()) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((file) => join(name, file));
}

function sourceOf(folder: string): string {
  // What tests have made has links that lead back here.
  const own = readdirSync(folder).filter((name) => name !== '.tmp');
  const files = own.flatMap((name) => [name, ...below(folder, name)]);
  const sources = files.filter((file) => file.endsWith('.ts') && !file.includes('dist'));
  return plain(sources.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n'));
}

it('docs/security.md names only tests that there are', () => {
  const sources = sourceOf('test') + sourceOf('src/testing');
  const page = readFileSync('docs/security.md', 'utf8');
  const names = [...page.matchAll(/(?<![\w`])_([^_`]{8,}?)_(?![\w`])/g)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(40);
  const parts = names.flatMap((name) => plain(name).split('…')).map((part) => part.trim());
  expect(parts.filter((part) => !sources.includes(part))).toEqual([]);
});
