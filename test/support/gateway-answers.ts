import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import {
  Ack,
  BaseWsExceptionFilter,
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  WsException,
} from '@nestjs/websockets';
import { Session, SessionService } from 'nestjs-server-session';
import { concatMap, from, map, type Observable } from 'rxjs';
import { Gate } from './gated-backend.js';

/** What a test has these handlers wait for, and whether they ran. */
export const answers = { gate: new Gate(), hasRun: false };

export function resetAnswers(): void {
  Object.assign(answers, { gate: new Gate(), hasRun: false });
}

type Client = { emit?(event: string, data: object): void; send(text: string): void };

/** Sends a client something by itself, as its platform does. */
function tell(client: Client, event: string, data: object): void {
  // Ws has an `emit`, too: that of node.
  if ('handshake' in client) client.emit!(event, data);
  else client.send(JSON.stringify({ event, data }));
}

/** Counts, and lets in, throws, or waits, as the message says. */
@Injectable()
class CountingGuard implements CanActivate {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const session = await this.sessions.of(context);
    session.increment('field1');
    const data = context.switchToWs().getData<{ guard?: string }>();
    if (data.guard === 'throw') throw new WsException('of the guard');
    if (data.guard === 'wait') await answers.gate.pass();
    return true;
  }
}

@Injectable()
class GlobalGuard implements CanActivate {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() === 'ws') (await this.sessions.of(context)).increment('field1');
    return true;
  }
}

@Injectable()
class GlobalInterceptor implements NestInterceptor {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'ws') return next.handle();
    const count = async (answer: unknown) => {
      (await this.sessions.of(context)).increment('field1');
      return answer;
    };
    return next.handle().pipe(concatMap(count));
  }
}

@Injectable()
class RefusingPipe implements PipeTransform {
  transform(): never {
    throw new WsException('of the pipe');
  }
}

/** Tells the client what the session has, and counts. */
@Catch()
class TellingFilter extends BaseWsExceptionFilter {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {
    super();
  }

  override async catch(exception: Error, host: ArgumentsHost): Promise<void> {
    const session = await this.sessions.of(host);
    const { visits } = session;
    session.increment('field1');
    super.catch(new WsException(`${exception.message}, ${visits}`), host);
  }
}

@Catch()
class ThrowingFilter extends BaseWsExceptionFilter {
  override catch(exception: Error): never {
    throw exception;
  }
}

/** Count each message, before its handler and after it. */
export const COUNTING: Record<string, Provider> = {
  guard: { provide: APP_GUARD, useClass: GlobalGuard },
  interceptor: { provide: APP_INTERCEPTOR, useClass: GlobalInterceptor },
};

/** Answers in each way that there is. */
@WebSocketGateway()
export class AnswersGateway {
  @WebSocketServer()
  readonly server!: object;

  @SubscribeMessage('plain')
  plain() {
    return {};
  }
  @SubscribeMessage('tell')
  tell(@Session() session: Session, @ConnectedSocket() client: Client) {
    const visits = session.increment('visits');
    tell(client, 'told', { visits });
    return { visits };
  }
  @SubscribeMessage('save and tell')
  async saveAndTell(@Session() session: Session, @ConnectedSocket() client: Client) {
    const visits = session.increment('visits');
    await session.save();
    tell(client, 'told', { visits });
  }
  /** Several answers at once. */
  @SubscribeMessage('burst')
  burst(@Session() session: Session, @MessageBody() { isBad }: { isBad: boolean }) {
    const change = (visits: number) => {
      session.visits = visits;
      if (isBad) session.anything = BigInt(visits);
      return { event: 'told', data: { visits } };
    };
    return from([11, 12, 13]).pipe(map(change));
  }
  /** By a handler that asks for no session. */
  @SubscribeMessage('ack plain')
  ackPlain(@Ack() ack: (value: object) => void) {
    ack({});
  }
  @SubscribeMessage('ack late')
  ackLate(@Session() session: Session, @Ack() ack: (...values: unknown[]) => void) {
    void answers.gate.pass().then(() => ack({ visits: session.increment('visits') }));
  }
  @SubscribeMessage('ack and return')
  ackAndReturn(@Session() session: Session, @Ack() ack: (value: object) => void) {
    ack({ visits: session.increment('visits') });
    return { visits: session.increment('visits') };
  }
  @UseGuards(CountingGuard)
  @SubscribeMessage('guarded')
  guarded() {
    answers.hasRun = true;
    return {};
  }
  @UseGuards(CountingGuard)
  @SubscribeMessage('piped')
  piped(@Session() session: Session, @MessageBody(RefusingPipe) _body: object) {
    answers.hasRun = true;
    return session;
  }
  @UseFilters(TellingFilter)
  @SubscribeMessage('filtered')
  filtered(@Session() session: Session) {
    session.increment('visits');
    throw new Error('of the handler');
  }
  @UseGuards(CountingGuard)
  @UseFilters(ThrowingFilter)
  @SubscribeMessage('unanswered')
  unanswered() {
    throw new Error('of the handler');
  }
  @SubscribeMessage('read')
  read(@Session() session: Session) {
    return { ...session, isNew: session.isNew };
  }
  @SubscribeMessage('write')
  write(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @SubscribeMessage('reload')
  async reload(@Session() session: Session) {
    await session.reload();
    return {};
  }
}
