import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorOf } from './headings.js';
import { FILES, nameOf, pageOf } from './pages.js';

/** Where an example stands. */
export interface Place {
  readonly page: string;
  /** What the page is called. */
  readonly name: string;
  readonly heading: string;
  readonly anchor: string;
}

const PART = /^(#+) ([^\n]*)$|^```ts\n(.*?)^```/gms;
const IMPORT = /import (?:type )?\{([^}]*)\} from '(nestjs-server-session[^']*)'/g;

/** By `<entry point> <name>`, the sections whose examples use it. All of these are compiled by the tests. */
export function examplePlaces(repository: string): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const file of FILES.filter((each) => each === 'README.md' || each.startsWith('docs/'))) {
    let heading = '';
    for (const [, , title, code] of readFileSync(join(repository, file), 'utf8').matchAll(PART)) {
      if (title !== undefined) heading = title;
      for (const [, names, from] of (code ?? '').matchAll(IMPORT)) {
        for (const name of names!.split(',')) {
          const key = `${from} ${name.trim().replace(/^type /, '')}`;
          const known = places.get(key) ?? [];
          const anchor = anchorOf(heading);
          if (!known.some((each) => each.page === pageOf(file) && each.anchor === anchor)) {
            places.set(key, [
              ...known,
              { page: pageOf(file), name: nameOf(file), heading, anchor },
            ]);
          }
        }
      }
    }
  }
  return places;
}
