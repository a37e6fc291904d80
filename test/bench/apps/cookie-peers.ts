import fastifySecureSession, { type Session as Secure } from '@fastify/secure-session';
import { Controller, Get, Module, Post, Session } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { NextFunction, Request, Response } from 'express';
import { getIronSession, type IronSession } from 'iron-session';
import {
  type Answer,
  type Contents,
  FIXED_ANSWER,
  newContents,
  readSession,
  writeSession,
} from '../contents.js';
import { SECRET } from './secret.js';

const IRON = { cookieName: 'sid', password: SECRET, cookieOptions: { secure: false } };

@Controller()
export class IronController {
  @Post('session')
  async begin(@Session() session: IronSession<Contents>): Promise<Answer> {
    Object.assign(session, newContents());
    await session.save();
    return FIXED_ANSWER;
  }

  @Get('read')
  read(@Session() session: IronSession<Contents>): Answer {
    return readSession(session);
  }

  @Get('write')
  async write(@Session() session: IronSession<Contents>): Promise<Answer> {
    const answer = writeSession(session);
    await session.save();
    return answer;
  }
}

@Module({ controllers: [IronController] })
export class IronModule {}

/** As its README has it for Express. */
export function useIronOnExpress(app: NestExpressApplication): void {
  app.use(async (request: Request, response: Response, next: NextFunction) => {
    Object.assign(request, { session: await getIronSession<Contents>(request, response, IRON) });
    next();
  });
}

export function useIronOnFastify(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', async (request, reply) => {
    const session = await getIronSession<Contents>(request.raw, reply.raw, IRON);
    Object.assign(request, { session });
  });
}

@Controller()
export class SecureController {
  @Post('session')
  begin(@Session() session: Secure): Answer {
    for (const [name, value] of Object.entries(newContents()))
      session.set(name as never, value as never);
    return FIXED_ANSWER;
  }

  @Get('read')
  read(@Session() session: Secure<Contents>): Answer {
    return readSession(session.data() ?? {});
  }

  @Get('write')
  write(@Session() session: Secure<Contents>): Answer {
    const answer = writeSession(session.data() ?? {});
    session.set('visits', answer.visits);
    return answer;
  }
}

@Module({ controllers: [SecureController] })
export class SecureModule {}

/** With a key, as its README advises, and no secret that it would have to stretch. */
export async function useSecureSession(app: NestFastifyApplication): Promise<void> {
  await app.register(fastifySecureSession, {
    cookieName: 'sid',
    key: Buffer.alloc(32, SECRET),
    cookie: { path: '/', httpOnly: true },
  });
}
