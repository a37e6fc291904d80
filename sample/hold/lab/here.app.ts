import {
  Controller,
  type DynamicModule,
  HttpCode,
  type INestApplication,
  Module,
  Post,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Session, type SessionBackend, SessionModule } from 'nestjs-server-session';
import { FieldsController } from './fields.controller.js';

@Controller('sign-in')
class SignInController {
  @Post()
  @HttpCode(200)
  async signIn(@Session() session: Session) {
    await session.signIn('ada');
    return {};
  }
}

@Module({ controllers: [FieldsController, SignInController] })
class HereModule {
  static with(secret: string, backend: SessionBackend): DynamicModule {
    return { module: HereModule, imports: [SessionModule.forRoot({ secret, backend })] };
  }
}

/** The handlers with this library. */
export function createHereApp(secret: string, backend: SessionBackend): Promise<INestApplication> {
  return NestFactory.create(HereModule.with(secret, backend));
}
