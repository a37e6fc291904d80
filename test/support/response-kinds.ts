import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  HttpException,
  type INestApplication,
  Injectable,
  Redirect,
  Render,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import ejs from 'ejs';
import { Session, SessionMiddleware, SessionService } from 'nestjs-server-session';
import { concat, NEVER, of } from 'rxjs';
import type { AdapterName } from './app.js';

export const FILE_BYTES = 5 * 1024 * 1024;

/** What Express's response and Fastify's reply have in common here. */
interface Reply {
  status(code: number): Reply;
  send(body?: unknown): unknown;
  redirect(url: string): unknown;
  header(name: string, value: string): Reply;
  /** Fastify's own. */
  raw?: ServerResponse;
  hijack?(): void;
}

@Injectable()
class RefusingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    (await this.sessions.of(context)).visits = 1;
    return false;
  }
}

@Catch()
class ChangingFilter implements ExceptionFilter {
  constructor(private readonly sessions: SessionService) {}

  async catch(_error: unknown, host: ArgumentsHost) {
    const [request, reply] = host.getArgs<[object, Reply]>();
    (await this.sessions.of(request)).visits = 1;
    reply.status(418).send('filtered');
  }
}

/** Routes that each change the session and answer in a way of their own. */
@Controller()
export class KindsController {
  @Get('value')
  value(@Session() session: Session) {
    session.visits = 1;
    return { kind: 'value' };
  }
  @Get('promise')
  async promise(@Session() session: Session) {
    await new Promise((resolve) => setImmediate(resolve));
    session.visits = 1;
    return 'promise';
  }
  @Get('observable')
  observable(@Session() session: Session) {
    session.visits = 1;
    return of('first', 'second', 'last');
  }
  @Get('res-send')
  resSend(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 1;
    reply.status(201).send({ kind: 'res-send' });
  }
  @Get('res-end')
  resEnd(@Session() session: Session, @Res() reply: Reply & ServerResponse) {
    session.visits = 1;
    rawOf(reply).end('res-end');
  }
  @Get('passthrough')
  passthrough(@Session() session: Session, @Res({ passthrough: true }) reply: Reply) {
    session.visits = 1;
    reply.header('X-Mine', 'yes');
    return 'passthrough';
  }
  @Get('redirect')
  @Redirect('/elsewhere', 303)
  redirect(@Session() session: Session) {
    session.visits = 1;
  }
  @Get('res-redirect')
  resRedirect(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 1;
    reply.status(302).redirect('/elsewhere');
  }
  @Get('render')
  @Render('hello.ejs')
  render(@Session() session: Session) {
    session.visits = 1;
    return { name: 'Ada' };
  }
  @Get('file')
  file(@Session() session: Session) {
    session.visits = 1;
    return new StreamableFile(Buffer.alloc(FILE_BYTES, 'x'), { length: FILE_BYTES });
  }
  @Get('stream')
  stream(@Session() session: Session) {
    session.visits = 1;
    const chunks = Array.from({ length: FILE_BYTES / 65_536 }, () => Buffer.alloc(65_536, 'y'));
    return new StreamableFile(Readable.from(chunks));
  }
  @Get('raw')
  raw(@Session() session: Session, @Res() reply: Reply & ServerResponse) {
    session.visits = 1;
    reply.hijack?.();
    const raw = rawOf(reply);
    raw.writeHead(200, 'Fine', { 'Content-Type': 'text/plain', 'X-Mine': 'yes' });
    raw.write('raw ');
    raw.end('stream');
  }
  @Get('raw-list')
  rawList(@Session() session: Session, @Res() reply: Reply & ServerResponse) {
    session.visits = 1;
    reply.hijack?.();
    rawOf(reply)
      .writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Vary', 'Origin'])
      .end('list');
  }
  @Sse('sse')
  sse(@Session() session: Session) {
    session.visits = 1;
    return concat(of({ data: 'first' }), NEVER);
  }
  @Get('http-exception')
  httpException(@Session() session: Session) {
    session.visits = 1;
    throw new HttpException('refused', 422);
  }
  @Get('error')
  error(@Session() session: Session) {
    session.visits = 1;
    throw new Error('broken');
  }
  @Get('guard')
  @UseGuards(RefusingGuard)
  guard() {
    return 'never';
  }
  @Get('filter')
  @UseFilters(ChangingFilter)
  filter() {
    throw new ForbiddenException();
  }
}

function rawOf(reply: Reply & ServerResponse): ServerResponse {
  return reply.raw ?? reply;
}

/** What each route answers: its status and its body, where that is text of a known form. */
export const KINDS: Record<string, { status: number; body: string | RegExp | number }> = {
  value: { status: 200, body: '{"kind":"value"}' },
  promise: { status: 200, body: 'promise' },
  observable: { status: 200, body: 'last' },
  'res-send': { status: 201, body: '{"kind":"res-send"}' },
  'res-end': { status: 200, body: 'res-end' },
  passthrough: { status: 200, body: 'passthrough' },
  redirect: { status: 303, body: /^(Redirecting.*)?$|elsewhere/ },
  'res-redirect': { status: 302, body: /^(Redirecting.*)?$|elsewhere/ },
  render: { status: 200, body: 'Hello Ada' },
  file: { status: 200, body: FILE_BYTES },
  stream: { status: 200, body: FILE_BYTES },
  raw: { status: 200, body: 'raw stream' },
  'raw-list': { status: 200, body: 'list' },
  'http-exception': { status: 422, body: /refused/ },
  error: { status: 500, body: /Internal server error/ },
  guard: { status: 403, body: /Forbidden/ },
  filter: { status: 418, body: 'filtered' },
  middleware: { status: 200, body: 'middleware' },
  nowhere: { status: 404, body: /Cannot GET \/nowhere/ },
};

/** Views, and a middleware: on /middleware it answers by itself, on /nowhere it changes the session before the 404. */
export function prepareKinds(adapter: AdapterName): (app: INestApplication) => void {
  return (app) => {
    const views = new URL('./views', import.meta.url).pathname;
    if (adapter === 'express') {
      const express = app as NestExpressApplication;
      express.setBaseViewsDir(views);
      express.engine('ejs', ejs.renderFile);
    } else {
      (app as NestFastifyApplication).setViewEngine({ engine: { ejs }, templates: views });
    }
    const { use } = app.get(SessionMiddleware);
    app.use(
      (request: { url: string; session?: Session }, response: ServerResponse, next: () => void) => {
        if (!/^\/(middleware|nowhere)/.test(request.url)) return next();
        use(request as never, response, () => {
          request.session!.visits = 1;
          if (request.url.startsWith('/middleware')) response.end('middleware');
          else next();
        });
      },
    );
  };
}
