import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.js';

const TEMPLATE = 'test/matrix/template';
const SOURCES = {
  'app.module.ts': 'app.module.ts',
  'main.ts': 'main.ts',
  'app.test.ts': 'app.spec.ts',
};

/** Writes the template as a project of one kind. */
export function writeProject(folder: string, { isEsm, runner, files }: Case): void {
  mkdirSync(join(folder, 'src'), { recursive: true });
  const manifest = { private: true, type: isEsm ? 'module' : 'commonjs' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  for (const [name, target] of Object.entries(SOURCES)) {
    if (name === 'app.test.ts' && !runner) continue;
    const text = readFileSync(join(TEMPLATE, name), 'utf8');
    writeFileSync(join(folder, 'src', target), adapted(text, isEsm, runner));
  }
}

/** As that kind of project writes it: CommonJS imports name no extension. */
function adapted(text: string, isEsm: boolean, runner: Case['runner']): string {
  const imports = isEsm ? text : text.replaceAll(/from '(\.[^']+)\.js'/g, "from '$1'");
  return runner === 'jest' ? imports.replace('vitest', '@jest/globals') : imports;
}

/** An empty package into which `npm install` writes. */
export function writeEmptyPackage(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  cpSync('.npmrc', join(folder, '.npmrc'));
}
