import {
  Controller,
  Delete,
  Get,
  HttpCode,
  type MessageEvent,
  Param,
  Sse,
  UseGuards,
} from '@nestjs/common';
import {
  Principal,
  Session,
  SessionService,
  SignedInGuard,
  UntilSessionEnds,
} from 'nestjs-server-session';
import { map, type Observable, timer } from 'rxjs';

/** So often that no proxy takes the connection for a dead one. */
const HEARTBEAT_MS = 20_000;

/** Where a user is signed in, and how to sign out there. */
@Controller('devices')
@UseGuards(SignedInGuard)
export class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  async list(@Session() session: Session, @Principal() user: string) {
    const sessions = await this.sessions.list(user);
    return sessions.map(({ id, data, signedInAt, lastSeenAt }) => {
      return { id, signedInAt, lastSeenAt, isThis: id === session.id, ...data.signedInFrom };
    });
  }

  /** The user's own sessions only: with another id it ends nothing. */
  @Delete(':id')
  @HttpCode(204)
  async signOutThere(@Param('id') id: string, @Principal() user: string): Promise<void> {
    await this.sessions.revoke(id, { principal: user });
  }

  @Delete()
  async signOutElsewhere(@Session() session: Session, @Principal() user: string) {
    return { ended: await this.sessions.revokeAll(user, { except: session }) };
  }

  /** Is open as long as the session is: an open page is told by its end. */
  @Sse('watch')
  @UntilSessionEnds()
  watch(): Observable<MessageEvent> {
    return timer(0, HEARTBEAT_MS).pipe(map(() => ({ data: 'signed in' })));
  }
}
