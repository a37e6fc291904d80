import {
  Controller,
  Get,
  Module,
  Param,
  Post,
  Req,
  Session as NestSession,
  type ExecutionContext,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import {
  RedisBackend,
  Session,
  SessionModule,
  type SessionModuleOptions,
  SessionService,
} from 'nestjs-server-session';
import 'nestjs-server-session/express';
import 'nestjs-server-session/fastify';

declare module 'nestjs-server-session' {
  interface SessionData {
    visits: number;
    userId: string;
    isGuarded: boolean;
  }
}

@Injectable()
export class NotingGuard {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    (await this.sessions.of(context)).isGuarded = true;
    return true;
  }
}

@Controller()
export class AppController {
  constructor(private readonly sessions: SessionService) {}

  @Get('visits')
  visits(@Session() session: Session): number {
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  }

  @Get('count')
  count(@Session() session: Session): number {
    return session.increment('visits');
  }

  @Get('same')
  @UseGuards(NotingGuard)
  async same(@Session() session: Session, @NestSession() theirs: object, @Req() request: Request) {
    const all = [theirs, request.session, await this.sessions.of(request)];
    return { isSame: all.every((each) => each === session), isGuarded: session.isGuarded };
  }

  @Post('sign-in/:user')
  async signIn(@Session() session: Session, @Param('user') user: string): Promise<void> {
    await session.regenerate();
    session.userId = user;
  }

  @Get('me')
  me(@Session('userId') userId: string | undefined): { userId: string | null } {
    return { userId: userId ?? null };
  }

  @Post('sign-out')
  async signOut(@Session() session: Session): Promise<void> {
    await session.destroy();
  }
}

const url = process.env['REDIS_URL'];
const options: SessionModuleOptions = {
  secret: 'a secret for tests of 32 characters or more',
  ...(url !== undefined && { backend: RedisBackend.fromUrl(url) }),
};

@Module({ imports: [SessionModule.forRoot(options)], controllers: [AppController] })
export class AppModule {}
