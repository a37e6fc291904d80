import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url).pathname;

export interface EntryPoint {
  /** What is imported, such as `nestjs-server-session/testing`. */
  readonly from: string;
  readonly file: string;
}

/** What `package.json` exports, by its source. */
export function entryPoints(): EntryPoint[] {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const { name, exports } = JSON.parse(text) as { name: string; exports: object };
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => {
      const file = join(ROOT, 'src', path === '.' ? 'index.ts' : `${path}.ts`);
      const from = join(name, path);
      return { from, file: existsSync(file) ? file : join(ROOT, 'src', path, 'index.ts') };
    });
}

export interface PublicName {
  readonly from: string;
  readonly name: string;
  /** Whether it is there when the program runs, and no type. */
  readonly isValue: boolean;
  readonly isDocumented: boolean;
  /** Its declaration, with what that names. */
  readonly declaration: string;
}

/** Every name that the library exports. */
export function publicNames(): PublicName[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const points = entryPoints();
  const program = ts.createProgram(
    points.map(({ file }) => file),
    options,
  );
  const checker = program.getTypeChecker();
  return points.flatMap(({ from, file }) => {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(file)!);
    if (!symbol) return [];
    return checker.getExportsOfModule(symbol).map((exported) => {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const target = isAlias ? checker.getAliasedSymbol(exported) : exported;
      const isTyped = exported.declarations?.some((each) => isTypeOnly(each)) ?? false;
      return {
        from,
        name: exported.name,
        isValue: !isTyped && (target.flags & ts.SymbolFlags.Value) !== 0,
        isDocumented: target.getDocumentationComment(checker).length > 0,
        declaration: target.declarations?.map((each) => each.getText()).join('\n') ?? '',
      };
    });
  });
}

function isTypeOnly(declaration: ts.Declaration): boolean {
  return ts.isExportSpecifier(declaration) && ts.isTypeOnlyExportDeclaration(declaration);
}
