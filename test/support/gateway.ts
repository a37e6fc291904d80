import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Post,
  Req,
  UnauthorizedException,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  Ack,
  BaseWsExceptionFilter,
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { Session, type SessionKey, SessionService } from 'nestjs-server-session';
import { concatMap, from, type Observable } from 'rxjs';
import { Gate } from './gated-backend.js';

/** What a test has handlers and hooks do. */
export const script = {
  /** In `handleConnection`. */
  onConnection: async (_client: object, _sessions: SessionService): Promise<unknown> => undefined,
  /** Where the handler of `slow` waits. */
  gate: new Gate(),
  /** Where `stream` waits before each answer. */
  steps: [] as Gate[],
  /** What guards and handlers saw, in order. */
  seen: [] as unknown[],
};

@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const session = await this.sessions.of(context);
    script.seen.push(session);
    session.increment('field1');
    return session.userId !== undefined;
  }
}

/** Tells the test what it got, and the client what was told to clients. */
@Catch()
export class SeeingFilter extends BaseWsExceptionFilter {
  override catch(exception: Error, host: ArgumentsHost): void {
    script.seen.push(exception);
    super.catch(exception, host);
  }
}

@WebSocketGateway()
export class TestGateway {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @WebSocketServer()
  readonly server!: { clients: Set<unknown> } | { engine: { clientsCount: number } };

  handleConnection(client: object): void {
    script.onConnection(client, this.sessions).then(
      (value) => script.seen.push(value),
      (error: unknown) => script.seen.push(error),
    );
  }

  @SubscribeMessage('plain')
  plain(@MessageBody() body: unknown) {
    return { body };
  }
  @SubscribeMessage('read')
  read(@Session() session: Session) {
    return { visits: session.visits, isNew: session.isNew };
  }
  @SubscribeMessage('flash')
  flash(@Session() session: Session) {
    return { flash: session.getFlash('flash') };
  }
  @SubscribeMessage('key')
  key(@Session('visits') visits: number | undefined) {
    return { visits };
  }
  @SubscribeMessage('increment')
  increment(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @SubscribeMessage('set')
  set(@Session() session: Session, @MessageBody() values: Record<string, number>) {
    session.update(values);
    return values;
  }
  @UseGuards(SignedInGuard)
  @SubscribeMessage('guarded')
  guarded(@Session() session: Session) {
    script.seen.push(session);
    return { userId: session.userId };
  }
  @UseFilters(SeeingFilter)
  @SubscribeMessage('filtered')
  filtered(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @UseFilters(SeeingFilter)
  @SubscribeMessage('refuse')
  refuse(@Session() _session: Session) {
    throw new UnauthorizedException('of the handler');
  }
  @SubscribeMessage('slow')
  async slow(@Session() session: Session) {
    await script.gate.pass();
    session.visits = 100;
    return { visits: session.visits };
  }
  @SubscribeMessage('stream')
  stream(@Session() session: Session): Observable<object> {
    return from([11, 12, 13]).pipe(
      concatMap(async (visits, index) => {
        await script.steps[index]!.pass();
        session.visits = visits;
        return { event: 'counted', data: { visits } };
      }),
    );
  }
  @SubscribeMessage('ack')
  ack(@Session() session: Session, @Ack() ack?: (value: object) => void) {
    session.increment('visits');
    ack?.({ visits: session.visits });
  }
  @SubscribeMessage('throw')
  throw(@Session() session: Session) {
    session.visits = 50;
    throw new Error('of the handler');
  }
  @SubscribeMessage('regenerate')
  async regenerate(@Session() session: Session) {
    await session.regenerate();
    return {};
  }
  @SubscribeMessage('destroy')
  async destroy(@Session() session: Session) {
    await session.destroy();
    return {};
  }
  @SubscribeMessage('sign in')
  async signIn(@Session() session: Session) {
    await session.signIn('ann');
    return {};
  }
  @SubscribeMessage('sign out')
  async signOut(@Session() session: Session, @MessageBody() keep: SessionKey[]) {
    await session.signOut({ keep });
    return {};
  }
  @SubscribeMessage('save')
  async save(@Session() session: Session) {
    session.visits = 7;
    await session.save();
    return {};
  }
  @SubscribeMessage('bad value')
  badValue(@Session() session: Session) {
    session.anything = 1n;
    return {};
  }
  @SubscribeMessage('current')
  async current(@ConnectedSocket() _client: object, @Session() session: Session) {
    await Promise.resolve();
    return { isSame: this.sessions.current === session };
  }
}

/** The session over HTTP. */
@Controller()
export class VisitsController {
  @Get('visits')
  read(@Session() session: Session) {
    return { ...session };
  }
  /** As somebody sees it who relies on the interceptor to load it. */
  @Get('shown')
  shown(@Req() request: { session?: Session }) {
    return { visits: request.session?.visits };
  }
  @Post('visits')
  increment(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @Post('leave')
  leave(@Session() session: Session) {
    session.setFlash('flash', ['left']);
  }
  @Get('flash')
  flash(@Session() session: Session) {
    return { flash: session.getFlash('flash') };
  }
  @Post('sign-in')
  async signIn(@Session() session: Session) {
    await session.regenerate();
    session.userId = 'ann';
  }
  @Post('sign-out')
  async signOut(@Session() session: Session) {
    await session.destroy();
  }
}
