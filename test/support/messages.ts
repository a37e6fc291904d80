import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const SOURCE = new URL('../../src/', import.meta.url).pathname;

/**
 * What no user of an application is told: what cases of a backend's contract are called and assert, what is sent to a server, which
 * is in files of its own, and what `nest add` writes and says, which ends with what to do.
 */
const UNSEEN = /^schematics\/|(-cases|scripts?|statements?|expressions|schema)\.ts$/;
/** What is given to these is told as it is. */
const TELLING = /(Error|Exception)$|^(warn|error|log|refuse|fail|problem|question)$/;
/** What is shorter is the name of something, or joins other texts. */
const FEWEST_WORDS = 4;
const FEWEST_WORDS_TOLD = 2;

/**
 * Every text of the source that reads as prose, with `…` for each part that varies: an error tells it, or the log, or it is part
 * of what these tell. It is known by what it is and not by where it goes, as many a message is a frame around a reason that some
 * other function gives.
 */
export function sourceMessages(): Set<string> {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  const seen = files.filter((file) => /\.c?ts$/.test(file) && !UNSEEN.test(file));
  return new Set(seen.flatMap((file) => messagesIn(readFileSync(join(SOURCE, file), 'utf8'))));
}

function messagesIn(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined && isProse(node, text)) found.push(tidy(text));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true));
  return found;
}

/** `undefined` for what is no text, or one that only the compiler reads. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  }
  if (!ts.isStringLiteral(node) && !ts.isNoSubstitutionTemplateLiteral(node)) return undefined;
  const { parent } = node;
  const isOfModule = ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent);
  return isOfModule || ts.isLiteralTypeNode(parent) ? undefined : node.text;
}

function isProse(node: ts.Node, text: string): boolean {
  // Of a head of HTTP, and the name of a symbol.
  if (text.includes('\r\n') || nameOf(node.parent) === 'Symbol' || isForNobody(node)) return false;
  const words = text.match(/(?<![\w.])[A-Za-z][a-z'’]*(?=[\s.,:;?]|$)/g) ?? [];
  return words.length >= (isTold(node) ? FEWEST_WORDS_TOLD : FEWEST_WORDS);
}

/** Whether a text is a message in whole. */
function isTold({ parent }: ts.Node): boolean {
  if (ts.isConditionalExpression(parent)) return isTold(parent);
  if (ts.isPropertyAssignment(parent)) return parent.name.getText() === 'message';
  if (ts.isBinaryExpression(parent)) return parent.left.getText() === 'this.message';
  return ts.isParameter(parent) || TELLING.test(nameOf(parent));
}

/** Whether what is thrown is caught at once by somebody who does not look at it. */
function isForNobody(node: ts.Node): boolean {
  const attempt = ts.findAncestor(
    node,
    (each) => ts.isBlock(each) && ts.isTryStatement(each.parent),
  );
  const { catchClause, tryBlock } = (attempt?.parent ?? {}) as Partial<ts.TryStatement>;
  return (
    attempt === tryBlock &&
    catchClause?.variableDeclaration === undefined &&
    catchClause !== undefined
  );
}

/** Of what is called, or made. */
function nameOf(node: ts.Node): string {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return '';
  return node.expression.getText().split('.').at(-1)!;
}

export function tidy(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/…+/g, '…').trim();
}
