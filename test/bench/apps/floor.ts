import { randomUUID } from 'node:crypto';
import {
  type CallHandler,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  Param,
  Post,
  Res,
  Session,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { type Answer, type Contents, FIXED_ANSWER, newContents, readSession } from '../contents.js';
import { newSizedContents, readSized } from '../sized-contents.js';
import { FLOOR_STORE, type FloorStore } from './floor-stores.js';
import { shapeOf, type ShapeParams } from './shape.js';

interface FloorRequest {
  headers: { cookie?: string };
  session?: unknown;
}

interface Reply {
  header(name: string, value: string): unknown;
}

/** One command to read and one `JSON.parse`: no signature, no time limit, no expiry, nothing saved. */
@Injectable()
export class FloorInterceptor implements NestInterceptor {
  constructor(@Inject(FLOOR_STORE) private readonly store: FloorStore) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FloorRequest>();
    const key = request.headers.cookie?.slice('sid='.length);
    const text = key ? await this.store.get(key) : null;
    if (text !== null) request.session = JSON.parse(text);
    return next.handle();
  }
}

@Controller()
export class FloorController {
  constructor(@Inject(FLOOR_STORE) private readonly store: FloorStore) {}

  @Post('session')
  begin(@Res({ passthrough: true }) reply: Reply): Promise<Answer> {
    return this.#begin(reply, newContents());
  }

  @Post('sized/:fields/:kilobytes')
  beginSized(
    @Res({ passthrough: true }) reply: Reply,
    @Param() params: ShapeParams,
  ): Promise<Answer> {
    return this.#begin(reply, newSizedContents(shapeOf(params)));
  }

  @Get('read')
  read(@Session() session: Contents): Answer {
    return readSession(session);
  }

  @Get('sized/read')
  readSized(@Session() session: object): Answer {
    return readSized(session);
  }

  async #begin(reply: Reply, contents: object): Promise<Answer> {
    const key = `floor:${randomUUID()}`;
    await this.store.set(key, JSON.stringify(contents));
    reply.header('Set-Cookie', `sid=${key}`);
    return FIXED_ANSWER;
  }
}

@Module({})
export class FloorModule {
  static over(store: FloorStore): DynamicModule {
    return {
      module: FloorModule,
      controllers: [FloorController],
      providers: [
        { provide: FLOOR_STORE, useValue: store },
        { provide: APP_INTERCEPTOR, useClass: FloorInterceptor },
      ],
    };
  }
}
