import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { FILES, nameOf, pageOf } from './pages.js';

/** Code, fenced or within a line: what looks like a link there is none. */
const CODE = /^ *```.*?^ *```|`[^`\n]*`/gms;
const LINK = /\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)/g;

/** Writes the pages of the site: those of the repository, whose links lead to each other as they do there. */
export function assemble(repository: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const file of FILES) {
    const text = readFileSync(join(repository, file), 'utf8');
    const page = file.endsWith('.md')
      ? withLinks(repository, file, text, to)
      : `# ${file}\n\n${text}`;
    writeFileSync(join(to, `${pageOf(file)}.md`), page);
  }
}

function withLinks(repository: string, file: string, text: string, to: string): string {
  const codes: string[] = [];
  const prose = text.replaceAll(CODE, (code) => `\0${codes.push(code) - 1}\0`);
  const linked = prose.replaceAll(LINK, (all, shown: string, path: string, anchor = '') => {
    if (path === '' || /^[a-z]+:/.test(path)) return all;
    const wanted = normalize(join(dirname(file), path));
    if (FILES.includes(wanted)) {
      // The name of a file says something in the repository alone.
      const text = shown.endsWith('.md') ? nameOf(wanted) : shown;
      return `[${text}](./${pageOf(wanted)}.md${anchor})`;
    }
    if (path.endsWith('.svg')) {
      copyFileSync(join(repository, wanted), join(to, basename(path)));
      return `[${shown}](./${basename(path)})`;
    }
    // Source, which the site does not have.
    if (existsSync(join(repository, wanted))) return shown;
    throw new Error(`${file}: there is no ${path}`);
  });
  return linked.replaceAll(/\0(\d+)\0/g, (_all, place: string) => codes[Number(place)]!);
}
