import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compiled, readExamples } from './examples.js';

const ROOT = new URL('../../', import.meta.url).pathname;

/** The examples of a page as a project, run as its readers run them. */
export class PageProject {
  readonly folder: string;

  /** @param page such as `docs/testing.md`, whose examples that are to be there begin with `// name.ts` */
  constructor(private readonly page: string) {
    // Inside the package, so that its own name leads to it, as `npm run build` made it.
    this.folder = join(ROOT, 'test/.tmp', page.replaceAll(/\W/g, '-'));
  }

  write(): void {
    rmSync(this.folder, { recursive: true, force: true });
    this.#write('vitest.config.js', "export default { test: { include: ['**/*spec.js'] } };\n");
    for (const { text } of readExamples(this.page)) {
      const name = /^\/\/ (\S+)\.ts\n/.exec(text)?.[1];
      if (name) this.#write(`${name}.js`, `import 'reflect-metadata';\n${compiled(text)}`);
    }
  }

  /** Runs node in it. */
  run(...args: string[]): { code: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: this.folder,
      env: this.environment(),
      encoding: 'utf8',
    });
    return { code: status, output: stdout + stderr };
  }

  vitest(...files: string[]): { code: number | null; output: string } {
    return this.run(join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...files);
  }

  /** That of this process, without what vitest has told it. */
  environment(): NodeJS.ProcessEnv {
    const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' };
    for (const name of Object.keys(env)) if (name.startsWith('VITEST')) delete env[name];
    return env;
  }

  #write(name: string, text: string): void {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
