import {
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { Observable } from 'rxjs';
import type { GatewaySessions } from './gateway-sessions.js';
import { MessageHandle } from './message-handle.js';

/** What `@WebSocketGateway()` notes on a class. */
const GATEWAY = 'websockets:is_gateway';
/** On a gateway's class: it has the interceptor, whichever application or copy of this package gave it. */
const INTERCEPTED = Symbol.for('nestjs-server-session:intercepted');

/** Commits before each answer of a message's handler, so that a failing backend is an exception that filters see. */
const interceptor: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handle = MessageHandle.among(context.getArgs());
    return handle ? handle.answered(next.handle()) : next.handle();
  },
};

/**
 * Gives sessions to the gateways of an application, before any of them is bound: to the adapter, whichever it gets, and to
 * their classes the interceptor, since Nest 11 has no global ones for gateways, and on HTTP a global one costs every request.
 */
export function installGateways(
  config: ApplicationConfig,
  modules: ModulesContainer,
  sessions: GatewaySessions,
): void {
  const { setIoAdapter } = config;
  config.setIoAdapter = (adapter) => setIoAdapter.call(config, sessions.watch(adapter));
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      if (typeof metatype === 'function' && isBareGateway(metatype)) {
        UseInterceptors(interceptor)(metatype);
        Reflect.defineMetadata(INTERCEPTED, true, metatype);
      }
    }
  }
}

function isBareGateway(metatype: object): boolean {
  return Reflect.hasMetadata(GATEWAY, metatype) && !Reflect.hasMetadata(INTERCEPTED, metatype);
}
