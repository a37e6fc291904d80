import { join } from 'node:path';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url).pathname;

/** What declares a session of a request: checking all declarations of all packages takes long. */
const DECLARING =
  /\/src\/(express|fastify)\.ts$|\/node_modules\/(@types\/express-|@fastify\/)session\//;

/** What is parsed once for all programs: all files but the one that differs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

export interface CompileOptions {
  /** Packages that are not there, nor their types. */
  without?: readonly string[];
}

/** What a user's compiler says of one file, and of the packages that declare sessions (`skipLibCheck: false`). */
export function compile(text: string, { without = [] }: CompileOptions = {}): string[] {
  const settings = join(ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(settings, ts.sys.readFile) as { config: object };
  // The file's name says what `paths` are relative to.
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT, {}, settings);
  const file = join(ROOT, 'test', 'compiled.ts');
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, directoryExists } = host;
  const isHidden = (path: string) =>
    without.some((name) => new RegExp(`/node_modules/(@types/)?${name}(/|$)`).test(path));
  host.fileExists = (path) => path === file || (!isHidden(path) && fileExists(path));
  host.readFile = (path) => (path === file ? text : readFile(path));
  host.directoryExists = (path) => !isHidden(path) && directoryExists!(path);
  const { getSourceFile } = host;
  host.getSourceFile = (path, ...rest) => {
    if (path === file) return getSourceFile(path, ...rest);
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...rest));
    return parsed.get(path);
  };
  const checked = { ...options, skipLibCheck: false, noUnusedLocals: false };
  const program = ts.createProgram([file], checked, host);
  return program
    .getSourceFiles()
    .filter(({ fileName }) => fileName === file || DECLARING.test(fileName))
    .flatMap((source) => program.getSemanticDiagnostics(source))
    .map(({ file: found, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, '\n');
      return `${found?.fileName.replace(ROOT, '')}: ${text}`;
    });
}
