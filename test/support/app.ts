import 'reflect-metadata';
import { format } from 'node:util';
import {
  type INestApplication,
  type LoggerService,
  Module,
  type ModuleMetadata,
  type NestApplicationOptions,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { SessionModule, type SessionModuleOptions } from 'nestjs-server-session';
import './session-data.js';
import { Browser, type TransportName } from './browser.js';

export type AdapterName = 'express' | 'fastify';
export const ADAPTERS: AdapterName[] = ['express', 'fastify'];
export const SECRET = 'a secret for tests of 32 characters or more';

export interface TestAppOptions extends ModuleMetadata {
  /** A name, or an adapter with settings of its own. */
  adapter: AdapterName | FastifyAdapter;
  /** Options for `SessionModule.forRoot`; a secret is given. `null`: the test imports the module itself. */
  session?: Partial<SessionModuleOptions> | null;
  /** How its sessions' tokens travel, and those of its browsers. Default by cookie. */
  transport?: TransportName;
  /** What `NestFactory.create()` takes. */
  create?: NestApplicationOptions;
  /** Called before the application starts. */
  prepare?: (app: INestApplication) => unknown;
  override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
}

/** Everything the application logged, so that a test can say what must be there, and what must not. */
export class LogLines implements LoggerService {
  readonly lines: string[] = [];
  readonly #add = (...args: unknown[]) =>
    void this.lines.push(format(...args.filter((arg) => arg !== undefined)));
  log = this.#add;
  error = this.#add;
  warn = this.#add;
  debug = this.#add;
  verbose = this.#add;
  fatal = this.#add;
}

/** A running application on a free port. */
export class TestApp {
  private constructor(
    readonly app: INestApplication,
    readonly url: string,
    readonly logs: LogLines,
    private readonly transport: TransportName,
  ) {}

  static async start(options: TestAppOptions): Promise<TestApp> {
    const {
      adapter,
      session = {},
      transport = 'cookie',
      create = {},
      prepare,
      override = (builder) => builder,
      ...metadata
    } = options;
    const by = transport === 'bearer' ? { transports: [transport] as const } : {};
    const imports = [
      ...(session ? [SessionModule.forRoot({ secret: SECRET, ...by, ...session })] : []),
      ...(metadata.imports ?? []),
    ];
    const logs = new LogLines();

    @Module({ ...metadata, imports })
    class AppModule {}

    const builder = Test.createTestingModule({ imports: [AppModule] }).setLogger(logs);
    const module = await override(builder).compile();
    const named = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    const http = typeof adapter === 'string' ? named : adapter;
    const app: INestApplication = module.createNestApplication(http, create);
    await prepare?.(app);
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    return new TestApp(app, url, logs, transport);
  }

  browser(transport = this.transport): Browser {
    return new Browser(this.url, transport);
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}
