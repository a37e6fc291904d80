import { Body, Controller, HttpCode, Post, UnauthorizedException } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { type Credentials, CredentialsPipe } from './credentials.pipe.js';
import { UsersService } from './users.service.js';

@Controller('account')
export class AccountController {
  constructor(private readonly users: UsersService) {}

  @Post('sign-in')
  @HttpCode(200)
  async signIn(
    @Body(CredentialsPipe) { name, password }: Credentials,
    @Session() session: Session,
  ) {
    if (!(await this.users.verify(name, password))) {
      throw new UnauthorizedException('The name or the password is wrong.');
    }
    // A token that was known before, to an attacker even, must not become the token of this user.
    await session.regenerate({ keep: ['visits', 'cart'] });
    session.userName = name;
    return { userName: name };
  }

  @Post('sign-out')
  @HttpCode(204)
  async signOut(@Session() session: Session): Promise<void> {
    await session.destroy();
  }
}
