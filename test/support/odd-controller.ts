import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';
import { Session } from 'nestjs-server-session';

/** Express's response, or Fastify's reply with Node's response in it. */
type Reply = ServerResponse & { raw?: ServerResponse; hijack?(): void };

/** Node's own response, which Fastify no longer looks after. */
function takeRaw(reply: Reply): ServerResponse {
  reply.hijack?.();
  return reply.raw ?? reply;
}

/** Routes that use Node's response in ways that are rare or wrong, and one that doesn't wait for its session. */
@Controller()
export class OddController {
  @Get('visit')
  visit(@Session() session: Session) {
    session.visits = 1;
  }
  /** Signs in without waiting for the new token. */
  @Get('sign-in-unawaited')
  signIn(@Session() session: Session) {
    void session.regenerate();
    session.userId = 'ada';
  }
  /** One `end` with the whole body: no `writeHead`, no headers. */
  @Get('end')
  end(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 2;
    takeRaw(reply).end('hello');
  }
  /** Sends its head by itself, before there is a body. */
  @Get('flush-headers')
  flushHeaders(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 2;
    const raw = takeRaw(reply);
    raw.setHeader('Content-Type', 'text/plain');
    raw.flushHeaders();
    raw.end('flushed');
  }
  /** A body that Node refuses: neither text nor bytes. */
  @Get('bad-chunk')
  badChunk(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 2;
    takeRaw(reply).end(42 as never);
  }
  /** A status that Node refuses, and what a careful handler does then. */
  @Get('bad-status')
  badStatus(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 2;
    const raw = takeRaw(reply);
    try {
      raw.writeHead(42);
    } catch {
      raw.writeHead(418);
    }
    raw.end('refused');
  }
}
