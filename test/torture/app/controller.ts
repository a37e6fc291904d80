import { Readable } from 'node:stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  All,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  HttpException,
  Injectable,
  Redirect,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseGuards,
} from '@nestjs/common';
import { Session, SessionService } from 'nestjs-server-session';
import { concat, of } from 'rxjs';
import { PROGRAM_HEADER } from '../program.js';
import { Interpreter, type Request } from './interpreter.js';

const BODY_BYTES = 64 * 1024;

/** What Express's response and Fastify's reply have in common here. */
interface Reply {
  status(code: number): Reply;
  send(body?: unknown): unknown;
  header(name: string, value: string): Reply;
  /** Fastify's own. */
  raw?: ServerResponse;
  hijack?(): void;
}

/** Writes to a session, and lets the request go on. */
@Injectable()
class WritingGuard implements CanActivate {
  constructor(
    private readonly sessions: SessionService,
    private readonly interpreter: Interpreter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    await this.interpreter.run(requestOf(request), await this.sessions.of(context));
    return true;
  }
}

/** Writes to a session, and refuses. */
@Injectable()
class RefusingGuard extends WritingGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    return false;
  }
}

/** Each kind of answer, after any program. */
@Controller()
export class TortureController {
  constructor(private readonly interpreter: Interpreter) {}

  @All('value')
  @HttpCode(200)
  async value(@Session() session: Session, @Req() request: IncomingMessage) {
    await this.#run(session, request);
    return { kind: 'value' };
  }
  @All('observable')
  @HttpCode(200)
  async observable(@Session() session: Session, @Req() request: IncomingMessage) {
    await this.#run(session, request);
    return of('first', 'last');
  }
  @All('send')
  async send(
    @Session() session: Session,
    @Req() request: IncomingMessage,
    @Res() reply: Reply,
  ): Promise<void> {
    await this.#run(session, request);
    reply.status(201).send({ kind: 'send' });
  }
  @All('raw')
  async raw(
    @Session() session: Session,
    @Req() request: IncomingMessage,
    @Res() reply: Reply & ServerResponse,
  ): Promise<void> {
    await this.#run(session, request);
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.writeHead(202, { 'Content-Type': 'text/plain' });
    raw.write('raw ');
    raw.end('stream');
  }
  @All('passthrough')
  @HttpCode(200)
  async passthrough(
    @Session() session: Session,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    reply.header('X-Mine', 'yes');
    await this.#run(session, request);
    return 'passthrough';
  }
  @All('redirect')
  @Redirect('/elsewhere', 303)
  redirect(@Session() session: Session, @Req() request: IncomingMessage) {
    return this.#run(session, request);
  }
  @All('file')
  @HttpCode(200)
  async file(@Session() session: Session, @Req() request: IncomingMessage) {
    await this.#run(session, request);
    return new StreamableFile(Buffer.alloc(BODY_BYTES, 'x'), { length: BODY_BYTES });
  }
  @All('stream')
  @HttpCode(200)
  async stream(@Session() session: Session, @Req() request: IncomingMessage) {
    await this.#run(session, request);
    return new StreamableFile(Readable.from([Buffer.from('one '), Buffer.from('two')]));
  }
  /** Nest sends the head before an asynchronous handler of this kind has ended: what is to be saved first is done before. */
  @Sse('sse')
  @UseGuards(WritingGuard)
  sse() {
    return concat(of({ data: 'first' }), of({ data: 'last' }));
  }
  @All('refusal')
  async refusal(@Session() session: Session, @Req() request: IncomingMessage) {
    await this.#run(session, request);
    throw new HttpException('refused', 422);
  }
  @All('error')
  async error(@Session() session: Session, @Req() request: IncomingMessage) {
    await this.#run(session, request);
    throw new Error('broken by intent');
  }
  @All('guard')
  @UseGuards(RefusingGuard)
  guard() {
    return 'never';
  }
  @Get('ready')
  ready() {
    return 'ready';
  }

  #run(session: Session, request: IncomingMessage): Promise<void> {
    return this.interpreter.run(requestOf(request), session);
  }
}

function requestOf({ headers }: IncomingMessage): Request {
  return JSON.parse(String(headers[PROGRAM_HEADER])) as Request;
}

export const PROVIDERS = [Interpreter, WritingGuard, RefusingGuard];
