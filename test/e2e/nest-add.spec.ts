import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { COMPILER } from '../matrix/settings.js';
import { run } from '../matrix/run.js';
import { countVisits } from '../support/counter.js';
import { type Files, GENERATED } from '../support/generated-projects.js';
import { add, changed, STORES } from '../support/nest-add.js';

const MAJORS = [11, 12] as const;

/** `AppModule` of a project whose `@Module()` is given this. */
async function moduleFrom(metadata: string): Promise<string> {
  const source = `import { Module } from "@nestjs/common";\n\n@Module(${metadata})\nexport class AppModule {}\n`;
  const { files } = await add(changed(GENERATED[11], { 'src/app.module.ts': source }), 'memory');
  return files['src/app.module.ts']!;
}

describe.each(MAJORS)('nest add in a project of Nest %i', (major) => {
  const project = GENERATED[major];

  it.each(STORES)('changes nothing when it is run again: %s', async (store) => {
    const once = await add(project, store);
    expect(once.files).not.toEqual(project);
    for (const other of STORES) {
      const twice = await add(once.files, other);
      expect(twice.files).toEqual(once.files);
      expect(twice.tasks).toEqual([]);
      expect(twice.said).toBe(
        'SessionModule is in src/app.module.ts already: nothing was changed.',
      );
    }
  });

  it('adds the module to AppModule, the shutdown hooks to main.ts, and the type of the data', async () => {
    const { files, said } = await add(project, 'redis');
    const extension = major === 12 ? '.js' : '';
    expect(files['src/app.module.ts']).toContain(
      `import { sessionOptions } from './session.options${extension}';`,
    );
    expect(files['src/app.module.ts']).toContain(
      '  imports: [SessionModule.forRootAsync({ useFactory: sessionOptions })],\n',
    );
    expect(files['src/main.ts']).toContain(
      'create(AppModule);\n  app.enableShutdownHooks();\n  await app.listen',
    );
    expect(files['src/session-data.ts']).toMatch(/^import 'nestjs-server-session';/);
    expect(said).toContain('set SESSION_SECRET and REDIS_URL in the environment');
  });

  it.each([
    ['redis', 'ioredis', '\nREDIS_URL=redis://127.0.0.1:6379\n'],
    ['postgres', 'pg', '\nDATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres\n'],
    ['memory', undefined, '\n'],
  ] as const)('writes what %s needs', async (store, client, rest) => {
    const { files, tasks } = await add(project, store);
    expect(files['.env']).toMatch(/^SESSION_SECRET=[\w-]{43}\n/);
    expect(files['.env']!.slice('SESSION_SECRET='.length + 43)).toBe(rest);
    expect(files['.gitignore']).toBe('/dist\n/node_modules\n.env\n');
    const { dependencies } = JSON.parse(files['package.json']!) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies)).toEqual(Object.keys(dependencies).toSorted());
    if (!client) return expect(files['package.json']).toBe(project['package.json']);
    const allowed = manifest.peerDependencies[client].split(' || ');
    expect(allowed).toContain(dependencies[client]);
    expect(tasks).toEqual(['node-package']);
  });

  it('leaves an application that compiles and counts', { timeout: 60_000 }, async () => {
    const folder = resolve(`test/.tmp/nest-add-${major}`);
    rmSync(folder, { recursive: true, force: true });
    const { files } = await add(project, 'memory');
    const compilerOptions = { ...COMPILER, module: 'nodenext', skipLibCheck: true };
    const tsconfig = JSON.stringify({ compilerOptions, include: ['src'] });
    for (const [path, text] of Object.entries({ ...files, 'tsconfig.json': tsconfig })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(resolve('.'), join(folder, 'node_modules/nestjs-server-session'));
    await run(`node ${resolve('node_modules/typescript/bin/tsc')} -p .`, { cwd: folder });
    await countVisits(folder);
  });
});

describe('nest add', () => {
  it('keeps what .env, .gitignore and package.json say already', async () => {
    const { files, tasks } = await add(
      changed(GENERATED[12], {
        '.env': 'export SESSION_SECRET=mine\r\nREDIS_URL = "redis://elsewhere"',
        '.gitignore': 'node_modules\n.env\n',
        'package.json': '{\n\t"dependencies": { "ioredis": "^5.4.0" }\n}',
      }),
      'redis',
    );
    expect(files['.env']).toBe('export SESSION_SECRET=mine\r\nREDIS_URL = "redis://elsewhere"');
    expect(files['.gitignore']).toBe('node_modules\n.env\n');
    expect(files['package.json']).toBe('{\n\t"dependencies": { "ioredis": "^5.4.0" }\n}');
    expect(tasks).toEqual([]);
  });

  it('makes another secret each time', async () => {
    const secrets = await Promise.all([1, 2].map(() => add(GENERATED[12], 'memory')));
    expect(secrets[0]!.files['.env']).not.toBe(secrets[1]!.files['.env']);
  });

  it('installs nothing with --skip-install, and says so', async () => {
    const { said, tasks } = await add(GENERATED[12], 'postgres', true);
    expect(said).toContain('package.json asks for pg now: install it.');
    expect(tasks).toEqual([]);
  });

  it('takes memory where nobody can be asked', async () => {
    expect((await add(GENERATED[12])).said).toContain('Sessions are kept in memory');
  });

  it.each([
    ['{}', '@Module({ imports: [SESSIONS] })'],
    ['{ providers: [] }', '@Module({ imports: [SESSIONS], providers: [] })'],
    ['{ imports: [A, B] }', '@Module({ imports: [SESSIONS, A, B] })'],
    ['{\n    providers: [],\n}', '@Module({\n    imports: [SESSIONS],\n    providers: [],\n})'],
    [
      '{\n  imports: [\n    // first\n    A,\n  ],\n}',
      '@Module({\n  imports: [\n    SESSIONS,\n    // first\n    A,\n  ],\n})',
    ],
  ])('writes into @Module(%j)', async (metadata, expected) => {
    const entry = 'SessionModule.forRootAsync({ useFactory: sessionOptions })';
    const text = await moduleFrom(metadata);
    expect(text).toContain(expected.replace('SESSIONS', entry));
    expect(text).toContain('import { SessionModule } from "nestjs-server-session";\n');
  });

  it('keeps the ends of lines', async () => {
    const entries = Object.entries(GENERATED[12]).map(([path, text]) => [
      path,
      text.replaceAll('\n', '\r\n'),
    ]);
    const { files } = await add(Object.fromEntries(entries) as Files, 'memory');
    for (const path of ['src/app.module.ts', 'src/main.ts', '.gitignore']) {
      expect(files[path]).not.toMatch(/[^\r]\n/);
    }
  });

  it('says what to write where main.ts makes its application in a way of its own', async () => {
    const main = 'export const start = (make: () => unknown) => make();\n';
    const { files, said } = await add(changed(GENERATED[12], { 'src/main.ts': main }), 'memory');
    expect(files['src/main.ts']).toBe(main);
    expect(said).toContain('Call app.enableShutdownHooks() in main.ts');
  });

  it.each<[string, Record<string, string | null>]>([
    ['there is no src/app.module.ts', { 'src/app.module.ts': null }],
    ['this is a monorepo', { 'nest-cli.json': '{ "monorepo": true }' }],
    ['there is no package.json', { 'package.json': null }],
    [
      'src/app.module.ts has no class AppModule',
      { 'src/app.module.ts': "import 'x';\nexport class Root {}\n" },
    ],
    [
      'src/app.module.ts has no @Module({ … }) at AppModule',
      { 'src/app.module.ts': "import 'x';\n@Module(metadata)\nexport class AppModule {}\n" },
    ],
    [
      'src/app.module.ts has imports of AppModule that are no list in place',
      { 'src/app.module.ts': "import 'x';\n@Module({ imports })\nexport class AppModule {}\n" },
    ],
    [
      'src/app.module.ts has a SessionModule of its own',
      { 'src/app.module.ts': "import { SessionModule } from './session.module';\n" },
    ],
    ['src/session-data.ts is there already', { 'src/session-data.ts': 'export {};\n' }],
  ])('says what to write by hand where %s', async (why, changes) => {
    const adding = add(changed(GENERATED[12], changes), 'redis');
    await expect(adding).rejects.toThrow(`nothing was changed: ${why}`);
    await expect(adding).rejects.toThrow('imports: [SessionModule.forRoot(');
  });

  it('finds a SessionModule that stands in another module', async () => {
    const other = `import { SessionModule } from 'nestjs-server-session';\nexport const all = [SessionModule.forRoot({ secret: '' })];\n`;
    const files = changed(GENERATED[12], { 'src/sessions/sessions.module.ts': other });
    const after = await add(files, 'memory');
    expect(after.files).toEqual(files);
    expect(after.said).toContain('SessionModule is in src/sessions/sessions.module.ts already');
  });
});
