import { Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { Principal, Session, SessionService, SignedInGuard } from 'nestjs-server-session';

/** Both devices are this user's. */
const USER = 'ada';

@Controller('devices')
export class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  /** Where a real application verifies a password first. */
  @Post('sign-in')
  @HttpCode(200)
  async signIn(@Session() session: Session) {
    await session.signIn(USER);
    return { user: USER };
  }

  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session) {
    await session.signOut();
    return {};
  }

  /** Ends the sessions of all other devices: their sockets are closed by the library. */
  @Post('sign-out-elsewhere')
  @HttpCode(200)
  @UseGuards(SignedInGuard)
  async signOutElsewhere(@Principal() user: string, @Session() session: Session) {
    return { ended: await this.sessions.revokeAll(user, { except: session }) };
  }
}
