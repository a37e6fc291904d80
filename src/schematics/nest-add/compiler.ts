import { createRequire } from 'node:module';
import { join } from 'node:path';
import type ts from 'typescript';

export type Compiler = typeof ts;

/**
 * The TypeScript of the project, or that of the Nest CLI, which runs this. The library has none of its own, and where packages
 * are not hoisted it finds neither from its own place.
 *
 * @throws Error where there is none whose syntax trees can be asked for
 */
export function findCompiler(): Compiler {
  for (const from of [join(process.cwd(), 'package.json'), process.argv[1] ?? '']) {
    try {
      const found = createRequire(from)('typescript') as Partial<Compiler>;
      if (found.createSourceFile) return found as Compiler;
    } catch {
      // The next one, then.
    }
  }
  throw new Error('typescript is not installed');
}
