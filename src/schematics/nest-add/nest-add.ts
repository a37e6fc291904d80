import type { Rule, Tree } from '@angular-devkit/schematics';
import { withSessionModule } from './app-module.js';
import { findCompiler } from './compiler.js';
import { withoutEnvFile, withVariables } from './environment.js';
import { withShutdownHooks } from './main-file.js';
import { isEsm, withClient } from './manifest.js';
import { byHand, type Done, whatNext } from './messages.js';
import { SESSION_DATA, sessionOptions } from './new-files.js';
import { type Store, type StoreName, STORES } from './stores.js';

export interface NestAddOptions {
  store?: StoreName;
  skipInstall?: boolean;
  sourceRoot?: string;
}

/**
 * `nest add nestjs-server-session`. It changes a tree that is written when all of it has worked, so that nothing is half done.
 *
 * It imports nothing of `@angular-devkit`, which the Nest CLI has and this package can't count on finding.
 */
export function nestAdd(options: NestAddOptions): Rule {
  const { store = 'memory', skipInstall = false, sourceRoot = 'src' } = options;
  return (tree, context) => {
    const there = findSessionModule(tree, sourceRoot);
    if (there) {
      context.logger.info(`SessionModule is in ${there} already: nothing was changed.`);
      return tree;
    }
    try {
      const { isInstalled, hasShutdownHooks } = addSessions(tree, STORES[store], sourceRoot);
      if (!isInstalled && !skipInstall) context.addTask({ toConfiguration: installTask });
      const left = { hasShutdownHooks, isInstalled: isInstalled || !skipInstall };
      context.logger.info(whatNext(STORES[store], sourceRoot, left));
    } catch (error) {
      throw new Error(byHand((error as Error).message));
    }
    return tree;
  };
}

/** @returns what is done */
function addSessions(tree: Tree, store: Store, root: string): Done {
  refuseMonorepo(tree);
  const compiler = findCompiler();
  const manifest = read(tree, 'package.json');
  const appModule = `${root}/app.module.ts`;
  const source = read(tree, appModule);
  write(
    tree,
    appModule,
    within(appModule, () => withSessionModule(compiler, source, isEsm(manifest))),
  );
  create(tree, `${root}/session.options.ts`, sessionOptions(store));
  create(tree, `${root}/session-data.ts`, SESSION_DATA);
  for (const [path, change] of [
    ['.env', (text: string) => withVariables(text, store)],
    ['.gitignore', withoutEnvFile],
  ] as const) {
    write(tree, path, change(tree.exists(path) ? tree.readText(path) : ''));
  }
  const main = `${root}/main.ts`;
  const hooked = tree.exists(main) ? withShutdownHooks(compiler, tree.readText(main)) : undefined;
  if (hooked) write(tree, main, hooked);
  const changed = withClient(manifest, store);
  write(tree, 'package.json', changed);
  return { isInstalled: changed === manifest, hasShutdownHooks: hooked !== undefined };
}

/**
 * As `NodePackageInstallTask` writes it: by the package manager whose lock file is there, and without scripts. What it prints is
 * shown where it fails.
 */
const installTask = () => ({
  name: 'node-package',
  options: { command: 'install', quiet: false, hideOutput: true, allowScripts: false },
});

function refuseMonorepo(tree: Tree): void {
  if (!tree.exists('nest-cli.json')) return;
  const { monorepo } = JSON.parse(tree.readText('nest-cli.json')) as { monorepo?: boolean };
  if (monorepo) throw new Error('this is a monorepo, with several applications');
}

/** The source file in which `SessionModule` is imported already. */
function findSessionModule(tree: Tree, root: string): string | undefined {
  let found: string | undefined;
  tree.getDir(root).visit((path, entry) => {
    if (!/(?<!\.spec|\.d)\.ts$/.test(path) || !entry) return;
    const text = entry.content.toString();
    if (!text.includes('nestjs-server-session')) return;
    if (/\bSessionModule\s*\.\s*forRoot/.test(text)) found ??= path.slice(1);
  });
  return found;
}

function read(tree: Tree, path: string): string {
  if (!tree.exists(path)) throw new Error(`there is no ${path}`);
  return tree.readText(path);
}

/** Writes what has changed, so that the Nest CLI lists no other file. */
function write(tree: Tree, path: string, text: string): void {
  if (!tree.exists(path)) tree.create(path, text);
  else if (tree.readText(path) !== text) tree.overwrite(path, text);
}

function create(tree: Tree, path: string, text: string): void {
  if (tree.exists(path)) throw new Error(`${path} is there already`);
  tree.create(path, text);
}

/** Names the file in what is thrown about it. */
function within(path: string, change: () => string): string {
  try {
    return change();
  } catch (error) {
    throw new Error(`${path} ${(error as Error).message}`, { cause: error });
  }
}
