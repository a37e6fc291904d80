import { Inject, Injectable, Scope, type Type } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { Session, SessionService } from 'nestjs-server-session';
import type { Server, Socket } from 'socket.io';

/** What each of these gateways does. */
class Counter {
  @SubscribeMessage('read')
  read(@Session('visits') visits: number | undefined) {
    return { visits };
  }
  @SubscribeMessage('increment')
  increment(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  /** As gateways are written that don't decorate what they take. */
  @SubscribeMessage('bare')
  bare(client: object, data: unknown) {
    return { data, isClient: 'on' in client };
  }
}

@WebSocketGateway()
export class CounterGateway extends Counter {}

/** A second one on the same server, with messages of its own and one of the first's. */
@WebSocketGateway()
export class OtherGateway {
  @SubscribeMessage('other')
  other(@Session() session: Session) {
    return { field1: session.increment('field1') };
  }
  @SubscribeMessage('increment')
  alongside(@Session() session: Session) {
    session.increment('field2');
  }
}

@WebSocketGateway({ path: '/live' })
export class PathGateway extends Counter {}

/** One on a port of its own. */
export function gatewayOn(port: number): Type<unknown> {
  @WebSocketGateway(port)
  class PortGateway extends Counter {}
  return PortGateway;
}

/** Made anew for each client that sends a message. */
@Injectable({ scope: Scope.REQUEST })
@WebSocketGateway()
export class ScopedGateway extends Counter {
  constructor(
    @Inject(REQUEST) private readonly client: object,
    @Inject(SessionService) private readonly sessions: SessionService,
  ) {
    super();
  }

  @SubscribeMessage('scoped')
  async scoped(@Session() session: Session) {
    const own = await this.sessions.of(this.client);
    return { isSame: own === session, ids: own.id === session.id };
  }
  @SubscribeMessage('throw')
  throw(@Session() session: Session) {
    session.visits = 50;
    throw new Error('of the handler');
  }
}

/** In namespaces of socket.io, with a room for each user. */
@WebSocketGateway({ namespace: '/chat' })
export class ChatGateway extends Counter {
  @WebSocketServer()
  private readonly server!: Server;

  @SubscribeMessage('join')
  async join(@Session() session: Session, @ConnectedSocket() client: Socket) {
    await client.join(`user ${session.id}`);
    return { visits: session.visits };
  }
  @SubscribeMessage('say')
  async say(@Session() session: Session, @MessageBody() text: string) {
    session.increment('field1');
    await session.save();
    this.server.to(`user ${session.id}`).emit('said', { text });
  }
}

@WebSocketGateway({ namespace: '/news' })
export class NewsGateway extends Counter {}
