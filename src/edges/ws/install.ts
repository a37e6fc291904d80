import type { IncomingMessage, Server } from 'node:http';
import type { NestInterceptor } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import {
  type Class,
  classInterceptor,
  intercept,
  INTERCEPTORS,
  markedClasses,
} from '../class-interceptor.js';
import type { GatewaySessions } from './gateway-sessions.js';
import { MessageHandle } from './message-handle.js';
import { wsException } from './ws-exception.js';

/** What `@WebSocketGateway()` notes on a class, `@SubscribeMessage()` on a method, and `@UseGuards()` on both. */
const GATEWAY = 'websockets:is_gateway';
const HANDLER = 'websockets:message_mapping';
const GUARDS = '__guards__';
/** What decorators of parameters note on a class by the name of the method, and how its keys end where they are no Nest's own. */
const PARAMETERS = '__routeArguments__';
const CUSTOM = '__customRouteArgs__';

/** Commits before each answer of a message's handler, so that a failing backend is an exception that filters see. */
const interceptor = classInterceptor((context, next) => {
  const handle = MessageHandle.among(context.getArgs());
  if (!handle) return next.handle();
  return handle.answered(next.handle(), (error) =>
    wsException(error, (reason) => handle.warn(reason)),
  );
});

/**
 * Gives sessions to the gateways of an application, before any of them is bound, whichever adapter it gets.
 * @param isOfRoutes which global interceptors do nothing for gateways
 * @returns what to call when all are bound, and routes are not
 */
export function installGateways(
  config: ApplicationConfig,
  modules: ModulesContainer,
  sessions: GatewaySessions,
  isOfRoutes: (interceptor: NestInterceptor) => boolean,
): () => void {
  const { setIoAdapter } = config;
  config.setIoAdapter = (adapter) => setIoAdapter.call(config, sessions.watch(adapter));
  for (const gateway of markedClasses(modules, GATEWAY)) interceptGateway(gateway);
  return hideWhileBound(config, isOfRoutes);
}

/**
 * Has somebody see the handshakes of a server's sockets before whoever takes them does. Not where nobody takes them: node
 * then answers a request that asks for another protocol as any other.
 */
export function installUpgrades(server: Server, see: (handshake: IncomingMessage) => void): void {
  if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', see);
}

/** Only where somebody may ask for a session: an interceptor costs each message of a handler some microseconds. */
function interceptGateway(gateway: Class): void {
  const { prototype } = gateway;
  if (hasEnhancers(gateway)) return intercept(gateway, interceptor);
  for (const name of methodsOf(prototype)) {
    const method = (prototype as Record<string, unknown>)[name];
    if (typeof method !== 'function' || !Reflect.hasMetadata(HANDLER, method)) continue;
    const parameters = (Reflect.getMetadata(PARAMETERS, gateway, name) ?? {}) as object;
    const mayAsk = Object.keys(parameters).some((key) => key.includes(CUSTOM));
    if (mayAsk || hasEnhancers(method)) intercept(method, interceptor);
  }
}

/** Whether a class or a method has what is given an execution context. */
function hasEnhancers(target: object): boolean {
  return Reflect.hasMetadata(GUARDS, target) || Reflect.hasMetadata(INTERCEPTORS, target);
}

/** Inherited ones too. */
function methodsOf(prototype: object): string[] {
  const above = Object.getPrototypeOf(prototype) as object | null;
  const own = Object.getOwnPropertyNames(prototype);
  return above && above !== Object.prototype ? [...own, ...methodsOf(above)] : own;
}

/** From the time at which somebody asks for the adapter of gateways, which Nest does to bind the first. */
function hideWhileBound(
  config: ApplicationConfig,
  isHidden: (interceptor: NestInterceptor) => boolean,
): () => void {
  const { getIoAdapter, getGlobalInterceptors } = config;
  config.getIoAdapter = () => {
    config.getGlobalInterceptors = () =>
      getGlobalInterceptors.call(config).filter((each) => !isHidden(each));
    return getIoAdapter.call(config);
  };
  return () => Object.assign(config, { getIoAdapter, getGlobalInterceptors });
}
