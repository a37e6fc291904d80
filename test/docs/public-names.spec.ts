import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Example, readAllExamples } from '../support/examples.js';
import { entryPoints, publicNames } from '../support/public-names.js';

const LIBRARY = /^nestjs-server-session(\/|$)/;

/** What an example takes from the library, or adds to it: `nestjs-server-session Session`. */
function namesIn({ name, text }: Example): string[] {
  const source = ts.createSourceFile(`${name}.ts`, text, ts.ScriptTarget.Latest);
  const declared = source.statements
    .filter((each) => ts.isModuleDeclaration(each))
    .flatMap((module) => {
      const body = module.body && ts.isModuleBlock(module.body) ? [...module.body.statements] : [];
      const interfaces = body.filter((each) => ts.isInterfaceDeclaration(each));
      return interfaces.map((each) => `${module.name.text} ${each.name.text}`);
    });
  const imported = source.statements.filter(ts.isImportDeclaration).flatMap((statement) => {
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    const bindings = statement.importClause?.namedBindings;
    if (!LIBRARY.test(from)) return [];
    if (!bindings || !ts.isNamedImports(bindings)) return [from];
    return bindings.elements.map((each) => `${from} ${(each.propertyName ?? each.name).text}`);
  });
  return [...imported, ...declared];
}

describe('the public names', () => {
  const shown = new Set(readAllExamples().flatMap(namesIn));
  let names: ReturnType<typeof publicNames>;
  beforeAll(() => {
    names = publicNames();
  }, 60_000);

  it('that can be called, made or used as a decorator are in an example that compiles', () => {
    const values = names.filter((each) => each.isValue).map(({ from, name }) => `${from} ${name}`);
    expect(values.length).toBeGreaterThan(30);
    expect(values.filter((name) => !shown.has(name))).toEqual([]);
  });

  it('that are types are in one, or are named by what is', () => {
    const types = names.filter((each) => !each.isValue);
    const unseen = types.filter(({ from, name }) => {
      const isNamed = new RegExp(`\\b${name}\\b`);
      const others = names.filter((each) => each.name !== name);
      const isPart = others.some(({ declaration }) => isNamed.test(declaration));
      return !isPart && !shown.has(`${from} ${name}`);
    });
    expect(unseen.map(({ name }) => name)).toEqual([]);
  });

  it('of entry points that only type are in one, too', () => {
    const typing = entryPoints().filter(({ from }) => names.every((each) => each.from !== from));
    expect(typing.map(({ from }) => from).filter((from) => !shown.has(from))).toEqual([]);
  });

  it('have a docstring', () => {
    expect(names.filter((each) => !each.isDocumented).map(({ name }) => name)).toEqual([]);
  });

  it('are those of package.json', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };
    expect(entryPoints()).toHaveLength(Object.keys(exports).length - 1);
  });
});
