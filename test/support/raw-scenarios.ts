import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { All, Controller, Param, Res } from '@nestjs/common';
import { Session } from 'nestjs-server-session';

/** Writes down what happened; `code` is that of an error. */
type Note = (what: string, error?: unknown) => void;
export type Scenario = (raw: ServerResponse, note: Note) => unknown;

/** Runs something and notes the code of what it threw. */
function attempt(note: Note, what: string, run: () => unknown): void {
  try {
    run();
    note(`${what} did`);
  } catch (error) {
    note(`${what} threw`, error);
  }
}

/** What people do with node's own response, and what each does to the state that others read from it. */
export const SCENARIOS: Record<string, Scenario> = {
  'write and end with callbacks': (raw, note) => {
    raw.setHeader('Content-Type', 'text/plain');
    raw.write('one ', () => note('first write'));
    raw.write('eins ', 'latin1', () => note('second write'));
    raw.end('two', () => note('end'));
  },
  'chunks of every kind': (raw) => {
    raw.write(new Uint8Array([104, 101]));
    raw.write('6c6c', 'hex');
    raw.write(Buffer.from('o '));
    raw.write('');
    raw.end('d8O8', 'base64');
  },
  'end twice': (raw, note) => {
    raw.end('once', () => note('end'));
    raw.end();
    raw.end();
  },
  'a head by writeHead, with a reason and headers': (raw, note) => {
    raw.setHeader('X-Mine', 'before');
    raw.writeHead(202, 'Fine by me', { 'X-Mine': 'after', 'Set-Cookie': ['a=1', 'b=2'] });
    note(`sent: ${raw.headersSent}`);
    raw.end('x');
  },
  'a head by writeHead, with a flat list': (raw) => {
    raw.setHeader('X-Mine', 'before');
    raw.writeHead(200, ['X-Mine', 'after', 'Set-Cookie', 'a=1']).end('x');
  },
  'headers set as lists': (raw) => {
    raw.setHeader('Set-Cookie', ['a=1', 'b=2']);
    raw.setHeader('X-Many', ['one', 'two']);
    raw.appendHeader('Set-Cookie', 'c=3');
    raw.end('x');
  },
  'statusCode and statusMessage': (raw) => {
    raw.statusCode = 299;
    raw.statusMessage = 'So so';
    raw.write('x');
    raw.statusCode = 500;
    raw.end();
  },
  'headers after the head': (raw, note) => {
    raw.write('x');
    attempt(note, 'setHeader', () => raw.setHeader('X-Late', '1'));
    attempt(note, 'appendHeader', () => raw.appendHeader('X-Late', '1'));
    attempt(note, 'removeHeader', () => raw.removeHeader('X-Late'));
    note(`sent: ${raw.headersSent}, ended: ${raw.writableEnded}`);
    raw.end();
    note(`sent: ${raw.headersSent}, ended: ${raw.writableEnded}`);
  },
  'flushHeaders, then end': (raw, note) => {
    raw.setHeader('Content-Type', 'text/plain');
    raw.flushHeaders();
    raw.end('flushed', () => note('end'));
  },
  'flushHeaders twice, writes later': async (raw) => {
    raw.flushHeaders();
    raw.flushHeaders();
    await new Promise((resolve) => setImmediate(resolve));
    raw.write('later ');
    raw.end('on');
  },
  trailers: (raw) => {
    raw.writeHead(200, { Trailer: 'X-Sum' });
    raw.write('body');
    raw.addTrailers({ 'X-Sum': '4' });
    raw.end();
  },
  'corked writes': (raw) => {
    raw.cork();
    raw.write('a');
    raw.write('b');
    raw.uncork();
    raw.end('c');
  },
  'a pipeline': async (raw, note) => {
    const chunks = Array.from({ length: 50 }, (_, index) => `${index},`.repeat(2000));
    await pipeline(Readable.from(chunks), raw);
    note('done');
  },
  'more than is held, waiting for drain': async (raw, note) => {
    for (let index = 0; index < 48; index++) {
      if (!raw.write(`${index % 10}`.repeat(65_536))) await once(raw, 'drain');
    }
    raw.end();
    note('done');
  },
  '204': (raw) => raw.writeHead(204).end(),
  '204 with a body': (raw) => raw.writeHead(204).end('not allowed'),
  '304': (raw) => {
    raw.setHeader('ETag', '"1"');
    raw.writeHead(304).end();
  },
  'early hints': (raw) => {
    raw.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    raw.setHeader('Content-Type', 'text/plain');
    raw.write('after ');
    raw.end('hints');
  },
  'a Content-Length of its own': (raw) => {
    raw.setHeader('Content-Length', 5);
    raw.write('12');
    raw.end('345');
  },
  'one end and nothing else': (raw) => raw.end('short'),
  'an empty end': (raw) => raw.end(),
};

/** What happened to the last response, in order. */
export const notes: string[] = [];
/** Settles when the last response closed. */
export const closed: { current: Promise<void> } = { current: Promise.resolve() };

type Reply = ServerResponse & { raw?: ServerResponse; hijack?(): void };

async function play(name: string, reply: Reply): Promise<void> {
  reply.hijack?.();
  const raw = reply.raw ?? reply;
  const note: Note = (what, error) => {
    const { code } = (error ?? {}) as { code?: string };
    notes.push(code ? `${what} ${code}` : what);
  };
  closed.current = new Promise((resolve) => raw.once('close', resolve));
  raw.on('finish', () => note('finish'));
  raw.on('close', () => note(`close: ${raw.writableFinished}`));
  raw.on('error', (error) => note('error', error));
  await SCENARIOS[name]!(raw, note);
}

/** The same scenarios with a session that must be saved first, with one that need not, and with none. */
@Controller()
export class RawController {
  @All('held/:name')
  held(@Session() session: Session, @Param('name') name: string, @Res() reply: Reply) {
    session.visits = 1;
    return play(name, reply);
  }
  @All('read/:name')
  read(@Session() session: Session, @Param('name') name: string, @Res() reply: Reply) {
    void session.visits;
    return play(name, reply);
  }
  @All('plain/:name')
  plain(@Param('name') name: string, @Res() reply: Reply) {
    return play(name, reply);
  }
}
