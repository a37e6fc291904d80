import { resolve } from 'node:path';
import { Tree } from '@angular-devkit/schematics';
import { SchematicTestRunner } from '@angular-devkit/schematics/testing';
import manifest from '../../package.json' with { type: 'json' };
import type { Files } from './generated-projects.js';

export const STORES = ['redis', 'postgres', 'memory'] as const;

/** What a project is after `nest add`, by the engine that the Nest CLI runs it with, and what was said. */
export async function add(files: Files, store?: (typeof STORES)[number], skipInstall?: boolean) {
  const runner = new SchematicTestRunner('nestjs-server-session', resolve(manifest.schematics));
  const said: string[] = [];
  runner.logger.subscribe(({ message }) => said.push(message));
  const tree = Tree.empty();
  for (const [path, text] of Object.entries(files)) tree.create(path, text);
  const after = await runner.runSchematic('nest-add', { store, skipInstall }, tree);
  const entries = after.files.map((path) => [path.slice(1), after.readText(path)]);
  return {
    files: Object.fromEntries(entries) as Record<string, string>,
    said: said.join('\n'),
    tasks: runner.tasks.map(({ name }) => name),
  };
}

/** With other texts in some files, or, by `null`, without them. */
export function changed(files: Files, changes: Record<string, string | null>): Files {
  const all = Object.entries({ ...files, ...changes });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}
