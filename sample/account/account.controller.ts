import {
  Body,
  Controller,
  Headers,
  HttpCode,
  Ip,
  Post,
  UnauthorizedException,
} from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { type Credentials, CredentialsPipe } from './credentials.pipe.js';
import { UsersService } from './users.service.js';

/** A client may send headers of any length. */
const MAX_AGENT_LENGTH = 300;

@Controller('account')
export class AccountController {
  constructor(private readonly users: UsersService) {}

  @Post('sign-in')
  @HttpCode(200)
  async signIn(
    @Body(CredentialsPipe) { name, password }: Credentials,
    @Session() session: Session,
    @Headers('user-agent') agent = '',
    @Ip() address: string,
  ) {
    if (!(await this.users.verify(name, password))) {
      throw new UnauthorizedException('The name or the password is wrong.');
    }
    // The session has a new token from now on: one that was known before, to an attacker even, is not this user's.
    await session.signIn(name, { keep: ['visits', 'cart'] });
    session.signedInFrom = { agent: agent.slice(0, MAX_AGENT_LENGTH), address };
    return { userName: name };
  }

  @Post('sign-out')
  @HttpCode(204)
  async signOut(@Session() session: Session): Promise<void> {
    await session.signOut();
  }
}
