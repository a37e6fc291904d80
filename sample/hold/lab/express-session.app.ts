import { promisify } from 'node:util';
import { Controller, HttpCode, type INestApplication, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import expressSession, { type Session, type Store } from 'express-session';
import { FieldsController } from './fields.controller.js';

@Controller('sign-in')
class SignInController {
  /** As the README of express-session does it: a new id against fixation, then the user, then saved. */
  @Post()
  @HttpCode(200)
  async signIn(@Req() request: { session: Session & { user?: string } }) {
    await promisify(request.session.regenerate).call(request.session);
    request.session.user = 'ada';
    await promisify(request.session.save).call(request.session);
    return {};
  }
}

@Module({ controllers: [FieldsController, SignInController] })
class ExpressSessionModule {}

/** The handlers with express-session, set up as the README of connect-redis says. */
export async function createExpressSessionApp(
  secret: string,
  store: Store,
): Promise<INestApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ExpressSessionModule);
  app.use(expressSession({ store, secret, resave: false, saveUninitialized: false }));
  return app;
}
