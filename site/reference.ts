import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Application, Converter, type DeclarationReflection, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent, type MarkdownApplication } from 'typedoc-plugin-markdown';
import { examplePlaces } from './examples.js';

const NAME = 'nestjs-server-session';

/** Writes the reference of every entry point, from its docstrings. @returns how these are called */
export async function writeReference(repository: string, to: string): Promise<string[]> {
  const app = (await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: entryPoints(repository),
    tsconfig: join(repository, 'tsconfig.json'),
    outputs: [{ name: 'markdown', path: to }],
    readme: 'none',
    disableSources: true,
    disableGit: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    skipErrorChecking: true,
    logLevel: 'Error',
    sort: ['alphabetical'],
  })) as unknown as MarkdownApplication;
  app.options.setValue('entryFileName', 'index');
  app.options.setValue('hideBreadcrumbs', true);
  app.options.setValue('hidePageHeader', true);
  app.options.setValue('parametersFormat', 'list');
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
    if (reflection.kindOf(ReflectionKind.Module)) reflection.name = entryName(reflection.name);
  });
  const places = examplePlaces(repository);
  app.renderer.on(MarkdownPageEvent.END, (page: MarkdownPageEvent) => {
    const model = page.model as DeclarationReflection;
    const found = places.get(`${model.parent?.name} ${model.name}`) ?? [];
    if (!page.contents || found.length === 0) return;
    const up = relative(join(page.filename, '..'), join(to, '..')) || '.';
    const lines = found.map(
      (each) => `- [${each.name}: ${each.heading}](${up}/${each.page}.md#${each.anchor})`,
    );
    page.contents += `\n## In the examples\n\n${lines.join('\n')}\n`;
  });
  const project = await app.convert();
  if (!project) throw new Error('TypeDoc could not read the source');
  await app.generateOutputs(project);
  return (project.children ?? []).map(({ name }) => name);
}

/** What `package.json` exports, by its source. */
function entryPoints(repository: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    exports: Record<string, { import?: { types: string } }>;
  };
  return Object.values(exports).flatMap((each) => {
    const types = each.import?.types;
    return types ? [join(repository, types.replace('dist', 'src').replace('.d.ts', '.ts'))] : [];
  });
}

/** As it is imported. TypeDoc calls a module as its file. */
function entryName(module: string): string {
  const path = module.replace(/(^|\/)index$/, '');
  return path === '' ? NAME : `${NAME}/${path}`;
}
