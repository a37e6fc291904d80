import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf } from '../../site/headings.js';
import { FILES } from '../../site/pages.js';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'sample/README.md',
  'test/torture/README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((page) => `docs/${page}`),
];

/** The text of a page without its code, in which brackets mean something else. */
function prose(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^ *```.*?^ *```/gms, '');
}

/** Of the headings of a page; a second one of the same text has a number. */
function anchors(page: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading] of prose(page).matchAll(/^#+ (.*)$/gm)) {
    const anchor = anchorOf(heading!.replaceAll(/\[(.*?)\]\(.*?\)/g, '$1'));
    let unique = anchor;
    for (let n = 1; found.has(unique); n++) unique = `${anchor}-${n}`;
    found.add(unique);
  }
  return found;
}

function linksIn(page: string): string[] {
  const text = prose(page).replaceAll(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
}

/** What is wrong with a link, if so. */
function problemOf(page: string, link: string): string | undefined {
  const [path, anchor] = link.split('#') as [string, string?];
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(target)) return `${page}: ${link}: no such file`;
  if (anchor === undefined || anchors(target).has(anchor)) return undefined;
  return `${page}: ${link}: no such heading`;
}

describe('the links', () => {
  it.each(PAGES)('of %s lead somewhere', (page) => {
    const own = linksIn(page).filter((link) => !/^[a-z]+:/.test(link));
    expect(own.flatMap((link) => problemOf(page, link) ?? [])).toEqual([]);
  });

  it('lead to every page of docs/, from the README or another one', () => {
    const targets = new Set(
      PAGES.flatMap((page) =>
        linksIn(page).map((link) => normalize(join(dirname(page), link.split('#')[0]!))),
      ),
    );
    const pages = PAGES.filter((page) => page.startsWith('docs/'));
    expect(pages.filter((page) => !targets.has(page))).toEqual([]);
  });

  it('lead to every page from those at the left of the site', () => {
    expect(PAGES.filter((page) => !FILES.includes(page))).toEqual([]);
  });
});
