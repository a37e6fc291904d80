import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { Controller, Get, Header, NotFoundException, Param } from '@nestjs/common';

/** The folder of the sample: two up from here as this was written, three from where `tsc` puts it. */
const ROOT = ['../..', '../../..']
  .map((up) => join(import.meta.dirname, up))
  .find((folder) => existsSync(join(folder, 'tsconfig.json')))!;
/** What was written by hand. Sessions that somebody keeps in a folder here are none of it. */
const CODE = /\.(?:ts|js|html|css|md)$/;
const LEFT_OUT = new Set(['dist', 'node_modules']);

/** The sample's own code, to read. */
@Controller('source')
export class SourceController {
  /** What is asked for is looked up among the files that there are: no path of a client's is ever opened. */
  readonly #files = new Set(codeBelow(ROOT));

  @Get('*path')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Header('X-Content-Type-Options', 'nosniff')
  async show(@Param('path') path: string[]): Promise<string> {
    const file = path.join('/');
    if (!this.#files.has(file)) throw new NotFoundException('There is no such file.');
    return readFile(join(ROOT, file), 'utf8');
  }
}

function codeBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : codeBelow(path);
    return entry.isFile() && CODE.test(entry.name)
      ? [relative(ROOT, path).split(sep).join('/')]
      : [];
  });
}
