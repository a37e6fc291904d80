import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url).pathname;
/** Inside the package, so that its own name leads to it. */
const FOLDER = join(ROOT, 'test/.tmp/examples');
/** For each worker its own. */
const EMITTED = join(ROOT, `test/.tmp/emitted-${process.env['VITEST_POOL_ID']}`);

/** A TypeScript example of the documentation, as a file of its own. */
export interface Example {
  name: string;
  file: string;
  text: string;
}

/** Every TypeScript example of the README and `docs/`. */
export function readAllExamples(): Example[] {
  const pages = readdirSync(join(ROOT, 'docs')).map((page) => `docs/${page}`);
  return ['README.md', ...pages].flatMap(readExamples);
}

/** Writes each of them to a file. */
export function writeExamples(): Example[] {
  const examples = readAllExamples();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, text } of examples) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return examples;
}

/** The TypeScript examples of one page. One that begins with `// name.ts` is imported by others of its page under that name. */
export function readExamples(page: string): Example[] {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n(.*?)^```/gms);
  return [...blocks].map(([, text], index) => {
    const folder = page.replaceAll(/\W/g, '-');
    const name = `${folder}-${index + 1}`;
    const own = /^\/\/ (\S+\.ts)\n/.exec(text!)?.[1];
    return { name, file: join(FOLDER, own ? join(folder, own) : `${name}.ts`), text: text! };
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
  return files
    .flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))
    .map(
      ({ file, messageText }) =>
        `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

/** Runs the one example of a page in which some text stands. @returns what it exports */
export async function importExample<T>(page: string, text: string): Promise<T> {
  const example = readExamples(page).find((one) => one.text.includes(text));
  if (!example) throw new Error(`No example of ${page} has ${text}`);
  return (await import(emit(example))) as T;
}

/** Runs an example of the recipes. @returns what it exports */
export function importRecipe<T>(text: string): Promise<T> {
  return importExample<T>('docs/recipes.md', text);
}

/** Turns an example into JavaScript, in a file. */
export function emit(example: Example): string {
  const file = join(EMITTED, `${example.name}.mjs`);
  mkdirSync(EMITTED, { recursive: true });
  writeFileSync(file, compiled(example.text));
  return file;
}

/** TypeScript as JavaScript. */
export function compiled(text: string): string {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  return outputText;
}
