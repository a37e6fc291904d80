import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type NestModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import { MemoryBackend } from './backends/memory-backend.js';
import { SessionOptionsError } from './errors/session-options.error.js';
import type { FrameworkRequest } from './edges/http/session-handle.js';
import { JsonCodec } from './session/codec.js';
import { SessionInterceptor } from './session.interceptor.js';
import { SessionMiddleware } from './session.middleware.js';
import { resolveSettings } from './session.options-validator.js';
import type {
  SessionModuleSettings,
  SessionOptions,
  SessionOptionsFactory,
} from './session.options.js';
import { SessionService } from './session.service.js';
import { SESSION_BACKEND, SESSION_CODEC, SESSION_OPTIONS } from './session.tokens.js';

export interface SessionModuleOptions extends SessionOptions, SessionModuleSettings {}

export interface SessionModuleAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>, SessionModuleSettings {
  /** What `useFactory` is called with. */
  inject?: NonNullable<Extract<Provider, { inject?: unknown }>['inject']>;
  // eslint-disable-next-line typescript/no-explicit-any
  useFactory?: (...args: any[]) => SessionOptions | Promise<SessionOptions>;
  /** A class that makes the options; an instance of it is made. */
  useClass?: Type<SessionOptionsFactory>;
  /** A provider that makes the options. */
  useExisting?: Type<SessionOptionsFactory> | string | symbol;
  /** Providers that the module's own see, such as one for `SESSION_BACKEND` or `SESSION_CODEC`. */
  extraProviders?: Provider[];
}

/** Sessions for the whole application. Import it once. */
@Module({})
export class SessionModule implements NestModule {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(SessionService) private readonly sessions: SessionService,
  ) {}

  static forRoot({ isGlobal, load, ...options }: SessionModuleOptions): DynamicModule {
    return define({ isGlobal, load }, [{ provide: SESSION_OPTIONS, useValue: options }]);
  }

  static forRootAsync(options: SessionModuleAsyncOptions): DynamicModule {
    const { imports, extraProviders = [] } = options;
    return define(options, [...optionsProviders(options), ...extraProviders], imports);
  }

  /** Gives every request its handle: before routes are there on Express, before all hooks of theirs on Fastify. */
  configure(): void {
    const adapter = this.host.httpAdapter;
    if (adapter?.getType() === 'fastify') {
      adapter
        .getInstance()
        .addHook(
          'onRequest',
          (
            request: FrameworkRequest & { raw: IncomingMessage },
            reply: { raw: ServerResponse },
            done: () => void,
          ) => this.sessions.enter(request.raw, reply.raw, request, done),
        );
    } else {
      adapter?.use((request: IncomingMessage, response: ServerResponse, next: () => void) =>
        this.sessions.enter(request, response, request as FrameworkRequest, next),
      );
    }
  }
}

function define(
  settings: SessionModuleSettings,
  providers: Provider[],
  imports: ModuleMetadata['imports'] = [],
): DynamicModule {
  const { isGlobal, load } = resolveSettings(settings);
  return {
    module: SessionModule,
    global: isGlobal,
    imports,
    providers: [
      SessionService,
      SessionInterceptor,
      SessionMiddleware,
      { provide: SESSION_CODEC, useClass: JsonCodec },
      {
        provide: SESSION_BACKEND,
        inject: [SESSION_OPTIONS],
        useFactory: (options: SessionOptions) => options.backend ?? new MemoryBackend(),
      },
      ...(load === 'eager' ? [{ provide: APP_INTERCEPTOR, useExisting: SessionInterceptor }] : []),
      ...providers,
    ],
    exports: [
      SessionService,
      SessionInterceptor,
      SessionMiddleware,
      SESSION_OPTIONS,
      SESSION_BACKEND,
      SESSION_CODEC,
    ],
  };
}

function optionsProviders(options: SessionModuleAsyncOptions): Provider[] {
  const { useFactory, inject = [], useClass, useExisting } = options;
  if (useFactory) return [{ provide: SESSION_OPTIONS, inject, useFactory }];
  const factory = useExisting ?? useClass;
  if (!factory) {
    throw new SessionOptionsError([
      'forRootAsync() has no way to make the options: write useFactory, useClass or useExisting',
    ]);
  }
  return [
    ...(useClass ? [{ provide: useClass, useClass }] : []),
    {
      provide: SESSION_OPTIONS,
      inject: [factory],
      useFactory: (made: SessionOptionsFactory) => made.createSessionOptions(),
    },
  ];
}
