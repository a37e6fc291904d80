import type { IncomingMessage, Server } from 'node:http';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { classInterceptor, interceptClasses } from '../class-interceptor.js';
import type { GatewaySessions } from './gateway-sessions.js';
import { MessageHandle } from './message-handle.js';
import { wsException } from './ws-exception.js';

/** What `@WebSocketGateway()` notes on a class. */
const GATEWAY = 'websockets:is_gateway';

/** Commits before each answer of a message's handler, so that a failing backend is an exception that filters see. */
const interceptor = classInterceptor((context, next) => {
  const handle = MessageHandle.among(context.getArgs());
  if (!handle) return next.handle();
  return handle.answered(next.handle(), (error) =>
    wsException(error, (reason) => handle.warn(reason)),
  );
});

/** Gives sessions to the gateways of an application, before any of them is bound, whichever adapter it gets. */
export function installGateways(
  config: ApplicationConfig,
  modules: ModulesContainer,
  sessions: GatewaySessions,
): void {
  const { setIoAdapter } = config;
  config.setIoAdapter = (adapter) => setIoAdapter.call(config, sessions.watch(adapter));
  interceptClasses(modules, GATEWAY, interceptor);
}

/**
 * Has somebody see the handshakes of a server's sockets before whoever takes them does. Not where nobody takes them: node
 * then answers a request that asks for another protocol as any other.
 */
export function installUpgrades(server: Server, see: (handshake: IncomingMessage) => void): void {
  if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', see);
}
