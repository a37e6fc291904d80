import type ts from 'typescript';
import type { Compiler } from './compiler.js';
import { endOfLine, indentAt, inserted } from './source-text.js';

/**
 * The text of `main.ts` with shutdown hooks, so that a process that is told to end saves what is under way.
 *
 * @returns `undefined` where it makes its application in a way of its own
 */
export function withShutdownHooks(compiler: Compiler, source: string): string | undefined {
  if (source.includes('enableShutdownHooks')) return source;
  const file = compiler.createSourceFile('main.ts', source, compiler.ScriptTarget.Latest, true);
  const made = findApplication(compiler, file);
  if (!made) return undefined;
  const lineBreak = endOfLine(source) + indentAt(source, made.statement.getStart());
  const text = `${lineBreak}${made.name}.enableShutdownHooks();`;
  return inserted(source, [{ at: made.statement.getEnd(), text }]);
}

/** The statement `const app = await NestFactory.create(…)`. */
function findApplication(
  compiler: Compiler,
  node: ts.Node,
): { name: string; statement: ts.VariableStatement } | undefined {
  if (compiler.isVariableStatement(node)) {
    for (const { name, initializer } of node.declarationList.declarations) {
      if (/^await NestFactory\s*\.create\b/.test(initializer?.getText() ?? '')) {
        return { name: name.getText(), statement: node };
      }
    }
  }
  return compiler.forEachChild(node, (child) => findApplication(compiler, child));
}
