import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Browser } from './browser.js';
import { compiled, readExamples } from './examples.js';
import { freePort } from './redis-server.js';
import { until } from './until.js';

/** How long an application may take to start on a busy machine. */
const START_MS = 30_000;

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

  /** Runs its `src/main.ts` in a process of its own while a browser uses it. */
  async serve(
    use: (browser: Browser) => Promise<void>,
    settings: NodeJS.ProcessEnv = {},
  ): Promise<void> {
    const port = await freePort();
    const env = { ...this.environment(), ...settings, PORT: `${port}` };
    const app = spawn(process.execPath, ['src/main.js'], {
      cwd: this.folder,
      env,
      stdio: 'ignore',
    });
    try {
      const browser = new Browser(`http://127.0.0.1:${port}`);
      const isUp = () => browser.get('/').then(() => true);
      await until('an application', () => isUp().catch(() => false), START_MS);
      await use(browser);
    } finally {
      app.kill();
      await once(app, 'exit');
    }
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
