import {
  type Abstract,
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnApplicationBootstrap,
  Optional,
  type Provider,
  type Type,
} from '@nestjs/common';
import {
  type AbstractHttpAdapter,
  APP_INTERCEPTOR,
  ApplicationConfig,
  HttpAdapterHost,
  ModulesContainer,
} from '@nestjs/core';
import { MemoryBackend } from './backends/memory-backend.js';
import type { SessionBackend } from './backends/session-backend.js';
import type { ClientSessions } from './client-sessions.js';
import { installResolvers } from './edges/graphql.js';
import { installEdge } from './edges/http/install.js';
import { RequestSessions } from './edges/http/request-sessions.js';
import { GatewaySessions } from './edges/ws/gateway-sessions.js';
import { installGateways, installUpgrades } from './edges/ws/install.js';
import { SessionOptionsError } from './errors/session-options.error.js';
import { JsonCodec, type SessionCodec } from './session/codec.js';
import { aliasesOf, noteCopy } from './session.copies.js';
import { SessionInterceptor } from './session.interceptor.js';
import { BackendLifecycle } from './session.lifecycle.js';
import { SessionMiddleware } from './session.middleware.js';
import { resolveSettings } from './session.options-validator.js';
import type {
  SessionModuleSettings,
  SessionOptions,
  SessionOptionsFactory,
} from './session.options.js';
import { SessionService } from './session.service.js';
import { SESSION_BACKEND, SESSION_CODEC, SESSION_OPTIONS } from './session.tokens.js';
import { createSessions, SESSION_PARTS, type SessionParts } from './session.factory.js';

/** Marks the module's class, that of another copy of this library too. */
const IS_MODULE = Symbol.for('nestjs-server-session:SessionModule');

const INJECTABLES = { RequestSessions, SessionService, SessionInterceptor, SessionMiddleware };
noteCopy(INJECTABLES);

/** What `SessionModule.forRoot()` takes. */
export interface SessionModuleOptions extends SessionOptions, SessionModuleSettings {}

/** What `SessionModule.forRootAsync()` takes: how the options are made, and what must be known before they are. */
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
export class SessionModule implements NestModule, OnApplicationBootstrap {
  static {
    Object.defineProperty(this, IS_MODULE, { value: true });
  }

  readonly #whenGatewaysAreBound: () => void;

  /**
   * @hidden Nest makes it.
   * @throws SessionOptionsError where the application imports it more than once
   */
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Optional() @Inject(RequestSessions) private readonly requests: RequestSessions,
    @Inject(ApplicationConfig) config: ApplicationConfig,
    @Optional() @Inject(GatewaySessions) gateways: GatewaySessions,
  ) {
    if (!requests) throw notConfigured();
    refuseSecond(modules);
    this.#whenGatewaysAreBound = installGateways(
      config,
      modules,
      gateways,
      (interceptor) => interceptor instanceof SessionInterceptor,
    );
    if (requests.isLazy) installResolvers(modules);
    // At once, or where a test makes the application later: in any case before the application is at hand.
    host.init$.subscribe(() => {
      const adapter = host.httpAdapter as AbstractHttpAdapter | null;
      if (adapter) installEdge(adapter, requests);
    });
  }

  /** Nest calls this between gateways and routes. */
  configure(): void {
    this.#whenGatewaysAreBound();
  }

  /** By then whoever takes upgrades listens for them. */
  onApplicationBootstrap(): void {
    const server = (this.host.httpAdapter as AbstractHttpAdapter | null)?.getHttpServer();
    if (server) installUpgrades(server, (handshake) => this.requests.adopt(handshake));
  }

  static forRoot(all: SessionModuleOptions): DynamicModule {
    const { isGlobal, load, ...options } = all ?? {};
    return define({ isGlobal, load }, [{ provide: SESSION_OPTIONS, useValue: options }]);
  }

  static forRootAsync(options: SessionModuleAsyncOptions): DynamicModule {
    const { imports, extraProviders = [] } = options;
    return define(options, [...optionsProviders(options), ...extraProviders], imports);
  }
}

function define(
  settings: SessionModuleSettings,
  providers: Provider[],
  imports: ModuleMetadata['imports'] = [],
): DynamicModule {
  const { isGlobal, load } = resolveSettings(settings);
  const all = [...ownProviders(load), ...providers];
  return {
    module: SessionModule,
    global: isGlobal,
    imports,
    // When Nest scans the module: other copies of this library may be loaded after this call.
    get providers() {
      return [...aliasesOf(INJECTABLES), ...all];
    },
    get exports() {
      const injectables = [...Object.values(INJECTABLES), ...aliasesOf(INJECTABLES)];
      return [...injectables, SESSION_OPTIONS, SESSION_BACKEND, SESSION_CODEC];
    },
  };
}

function ownProviders(load: Required<SessionModuleSettings>['load']): Provider[] {
  return [
    {
      provide: SESSION_PARTS,
      inject: [SESSION_OPTIONS, SESSION_BACKEND, SESSION_CODEC],
      useFactory: (
        options: SessionOptions,
        backend: SessionBackend | ClientSessions,
        codec: SessionCodec,
      ) => createSessions(options, backend, codec, load),
    },
    part(RequestSessions, 'requests'),
    part(GatewaySessions, 'gateways'),
    part(SessionService, 'service'),
    part(BackendLifecycle, 'lifecycle'),
    SessionInterceptor,
    SessionMiddleware,
    { provide: SESSION_CODEC, useClass: JsonCodec },
    {
      provide: SESSION_BACKEND,
      inject: [SESSION_OPTIONS],
      useFactory: (options?: SessionOptions) => options?.backend ?? new MemoryBackend(),
    },
    ...(load === 'eager' ? [{ provide: APP_INTERCEPTOR, useExisting: SessionInterceptor }] : []),
  ];
}

/** Provides one of the parts that the factory has made. */
function part<K extends keyof SessionParts>(
  provide: Type<SessionParts[K]> | Abstract<SessionParts[K]>,
  name: K,
): Provider {
  return { provide, inject: [SESSION_PARTS], useFactory: (parts: SessionParts) => parts[name] };
}

/** Without `forRoot()` the class has no providers. */
function notConfigured(): SessionOptionsError {
  return new SessionOptionsError([
    'SessionModule is imported without options: write SessionModule.forRoot({ secret }) or forRootAsync()',
  ]);
}

/** Two would each have a secret, a cookie and a backend, and which of them a handler met would be chance. */
function refuseSecond(modules: ModulesContainer): void {
  const imported = [...modules.values()].filter(({ metatype }) =>
    Object.hasOwn(metatype, IS_MODULE),
  );
  if (imported.length <= 1) return;
  throw new SessionOptionsError([
    `SessionModule.forRoot() or forRootAsync() is called ${imported.length} times in this application: call it once, in the root module. Every module can then inject SessionService; with isGlobal: false, import one and the same dynamic module where it is needed`,
  ]);
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
