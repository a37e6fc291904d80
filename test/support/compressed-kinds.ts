import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  get,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { Controller, Get, Header, Res, StreamableFile } from '@nestjs/common';
import { Session } from 'nestjs-server-session';

const CHUNK_BYTES = 65_536;
const FILE_CHUNKS = 80;
const STREAM_CHUNKS = 320;
/** Half random, so that gzip has work to do; and no two alike, so that none can be lost, doubled or moved. */
const NOISE = Array.from({ length: CHUNK_BYTES / 64 }, (_, line) => sha256(`${line}`)).join('');

function chunk(index: number): Buffer {
  return Buffer.from(`${index}`.padStart(10, '.') + NOISE.slice(10));
}

function chunks(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => chunk(index));
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

interface Reply {
  type(type: string): Reply;
  send(body: unknown): unknown;
  raw?: ServerResponse;
  hijack?(): void;
}

/** What the last streaming handler went through. */
export const streaming = { waits: 0, isDone: false };

/** Routes that each change the session and answer with much to compress. */
@Controller()
export class CompressedController {
  @Get('json')
  json(@Session() session: Session) {
    session.visits = 1;
    return { chunk: chunk(0).toString() };
  }
  @Get('sent')
  sent(@Session() session: Session, @Res() reply: Reply) {
    session.visits = 1;
    reply.type('text/plain').send(chunk(1).toString());
  }
  @Get('file')
  @Header('Content-Type', 'text/plain')
  file(@Session() session: Session) {
    session.visits = 1;
    const length = FILE_CHUNKS * CHUNK_BYTES;
    return new StreamableFile(Readable.from(chunks(FILE_CHUNKS)), { type: 'text/plain', length });
  }
  /** Writes as one should: until `write` returns false, then on from `drain`; and stops when nobody listens any more. */
  @Get('stream')
  async stream(@Session() session: Session, @Res() reply: Reply & ServerResponse) {
    session.visits = 1;
    Object.assign(streaming, { waits: 0, isDone: false });
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.setHeader('Content-Type', 'text/plain');
    let isClosed = false;
    const closed = once(raw, 'close').then(() => (isClosed = true));
    for (let index = 0; index < STREAM_CHUNKS && !isClosed; index++) {
      if (raw.write(chunk(index))) continue;
      streaming.waits++;
      await Promise.race([once(raw, 'drain'), closed]);
    }
    raw.end();
    streaming.isDone = true;
  }
}

/** The SHA-256 of each route's body. */
export const BODIES: Record<string, string> = {
  json: sha256(JSON.stringify({ chunk: chunk(0).toString() })),
  sent: sha256(chunk(1)),
  file: sha256(Buffer.concat(chunks(FILE_CHUNKS))),
  stream: sha256(Buffer.concat(chunks(STREAM_CHUNKS))),
};

export interface CompressedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** As it was before it was compressed. */
  body: Buffer;
}

/** A GET that takes compressed answers, and reads them only as far as their own headers say. */
export async function getCompressed(url: string, encoding = 'gzip'): Promise<CompressedAnswer> {
  const request = get(url, { headers: { 'accept-encoding': encoding }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await buffer(response);
  const { statusCode, headers } = response;
  const decoded = {
    gzip: gunzipSync,
    deflate: inflateSync,
    br: brotliDecompressSync,
  }[headers['content-encoding'] ?? ''];
  return { status: statusCode!, headers, body: decoded ? decoded(body) : body };
}
