import type ts from 'typescript';
import type { Compiler } from './compiler.js';
import { endOfLine, indentAt, type Insertion, inserted } from './source-text.js';

const ENTRY = 'SessionModule.forRootAsync({ useFactory: sessionOptions })';

/**
 * The text of `app.module.ts` with `SessionModule` as the first of what `AppModule` imports: interceptors of modules that come
 * after it find the session in place.
 *
 * @param isEsm whether relative imports name their extension, where the file has none that shows it
 * @throws Error that says why it can't be written into this file
 */
export function withSessionModule(compiler: Compiler, source: string, isEsm: boolean): string {
  const taken = /\b(SessionModule|sessionOptions)\b/.exec(source);
  if (taken) throw new Error(`has a ${taken[0]} of its own`);
  const file = compiler.createSourceFile(
    'app.module.ts',
    source,
    compiler.ScriptTarget.Latest,
    true,
  );
  return inserted(source, [
    importLines(compiler, file, isEsm),
    moduleEntry(compiler, metadataOf(compiler, file)),
  ]);
}

/** What `@Module()` of `AppModule` is given. */
function metadataOf(compiler: Compiler, file: ts.SourceFile): ts.ObjectLiteralExpression {
  const isAppModule = (each: ts.Statement): each is ts.ClassDeclaration =>
    compiler.isClassDeclaration(each) && each.name?.text === 'AppModule';
  const appModule = file.statements.find(isAppModule);
  if (!appModule) throw new Error('has no class AppModule');
  for (const { expression } of compiler.getDecorators(appModule) ?? []) {
    if (!compiler.isCallExpression(expression)) continue;
    const [metadata] = expression.arguments;
    if (expression.expression.getText() !== 'Module' || !metadata) continue;
    if (compiler.isObjectLiteralExpression(metadata)) return metadata;
  }
  throw new Error('has no @Module({ … }) at AppModule');
}

function moduleEntry(compiler: Compiler, metadata: ts.ObjectLiteralExpression): Insertion {
  const { properties } = metadata;
  const imports = properties.find((each) => each.name?.getText() === 'imports');
  if (!imports && !properties.some(compiler.isSpreadAssignment)) {
    return atTheBeginning(metadata, properties, `imports: [${ENTRY}]`);
  }
  if (imports && compiler.isPropertyAssignment(imports)) {
    const list = imports.initializer;
    if (compiler.isArrayLiteralExpression(list)) return atTheBeginning(list, list.elements, ENTRY);
  }
  throw new Error('has imports of AppModule that are no list in place');
}

/** Before all that stands in brackets, laid out as that is. */
function atTheBeginning(
  brackets: ts.Expression,
  content: ts.NodeArray<ts.Node>,
  text: string,
): Insertion {
  const source = brackets.getSourceFile().text;
  const at = brackets.getStart() + 1;
  const first = content[0]?.getStart();
  const padding = brackets.getText().startsWith('{') ? ' ' : '';
  if (first === undefined) return { at, text: `${padding}${text}${padding}` };
  if (!source.slice(at, first).includes('\n')) {
    return { at, text: padding ? `${padding}${text},` : `${text}, ` };
  }
  return { at, text: `${endOfLine(source)}${indentAt(source, first)}${text},` };
}

function importLines(compiler: Compiler, file: ts.SourceFile, isEsm: boolean): Insertion {
  const all = file.statements.filter(compiler.isImportDeclaration);
  const last = all.at(-1);
  if (!last) throw new Error('imports nothing');
  const quote = last.moduleSpecifier.getText().charAt(0);
  const line = (name: string, path: string) =>
    `${endOfLine(file.text)}import { ${name} } from ${quote}${path}${quote};`;
  const options = `./session.options${extensionOf(all, isEsm)}`;
  return {
    at: last.getEnd(),
    text: line('SessionModule', 'nestjs-server-session') + line('sessionOptions', options),
  };
}

/** What the file's relative imports end with. */
function extensionOf(imports: readonly ts.ImportDeclaration[], isEsm: boolean): string {
  const paths = imports.map(({ moduleSpecifier }) => moduleSpecifier.getText().slice(1, -1));
  const relative = paths.find((path) => path.startsWith('.'));
  if (relative === undefined) return isEsm ? '.js' : '';
  return /\.[jt]s$/.exec(relative)?.[0] ?? '';
}
