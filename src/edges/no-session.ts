const WHERE =
  'a session comes with a request of this application, its ExecutionContext, or a socket of its gateways: pass that one. Where there is none, as in a cron job, read a session by SessionService.get(id)';

/** For contexts that are neither a request nor a message of a gateway with sessions. @param type `context.getType()` */
export function noSessionIn(type: string): Error {
  switch (type) {
    case 'rpc':
      return new Error(
        "This is a message of a microservice (a context of type 'rpc'), which comes with no session: have its sender put what is needed, such as session.id, into the message, and read the session by SessionService.get(id).",
      );
    case 'ws':
      return new Error(
        "This is a message of a gateway (a context of type 'ws') whose socket has no handshake with sessions: import SessionModule.forRoot() or forRootAsync() in the application, and let its own WebSocket adapter bind the gateway.",
      );
    default:
      return new Error(`This is a context of type '${type}', which has no session: ${WHERE}.`);
  }
}

/** For what is no request and no socket. It is named by its kind alone: what it holds may be secret. */
export function noSessionOf(target: unknown): Error {
  return new Error(`${kindOf(target)} has no session: ${WHERE}.`);
}

function kindOf(target: unknown): string {
  if (typeof target !== 'object' || target === null) {
    return target === null || target === undefined ? `Nothing (${target})` : `A ${typeof target}`;
  }
  if (isSocket(target)) {
    return 'This socket, whose handshake is not over or is not known to this application,';
  }
  const { name } = (target.constructor ?? {}) as { name?: unknown };
  return `This ${typeof name === 'string' && name !== '' ? name : 'object'}`;
}

/** Of socket.io, ws or node. */
function isSocket(target: object): boolean {
  return 'emit' in target && ('send' in target || 'remoteAddress' in target);
}
