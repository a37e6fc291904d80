import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url).pathname;
/** Inside the package, so that its own name leads to it. */
const FOLDER = join(ROOT, 'test/.tmp/examples');

/** A TypeScript example of the documentation, as a file of its own. */
export interface Example {
  name: string;
  file: string;
  text: string;
}

/** Writes every TypeScript example of the README and `docs/` to a file. */
export function writeExamples(): Example[] {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((page) => `docs/${page}`)];
  return pages.flatMap((page) => {
    const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n(.*?)^```/gms);
    return [...blocks].map(([, text], index) => {
      const name = `${page.replaceAll(/\W/g, '-')}-${index + 1}`;
      const file = join(FOLDER, `${name}.ts`);
      writeFileSync(file, text!);
      return { name, file, text: text! };
    });
  });
}

/** What TypeScript has to say against examples, with the project's own settings. */
export function typeErrors(examples: Example[]): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const files = examples.map((example) => example.file);
  const program = ts.createProgram(files, { ...options, noUnusedLocals: false });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

/** Turns an example into JavaScript beside it. */
export function emit(example: Example): string {
  const { outputText } = ts.transpileModule(example.text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const file = example.file.replace(/\.ts$/, '.mjs');
  writeFileSync(file, outputText);
  return file;
}
