import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as tick } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { HeldResponse, type ResponseHold } from '../../src/edges/http/held-response.js';
import { exchange, head } from '../support/connection.js';
import { programs, runProgram, type Seen, type Step } from '../support/response-programs.js';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);
const FUZZ_SEED = process.env['FUZZ_RUNS'] ? {} : { seed: 20_261_124 };
const TIMEOUT_MS = 60_000;
const COOKIE = 'sid=token; Path=/';

type Prepare = (response: ServerResponse) => void;

/** Work that takes some turns of the event loop; `undefined`: none. */
function hold(turns: number | undefined, cookie?: string): ResponseHold {
  return {
    beforeHead: () => (turns === undefined ? undefined : wait(turns)),
    addition: () =>
      cookie === undefined
        ? undefined
        : { vary: 'Cookie', token: { name: 'Set-Cookie', values: [cookie] } },
    afterClose: () => {},
  };
}

async function wait(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await tick();
}

/** The text of an answer, with what a session adds taken out and fields in order, where it adds something. */
function withoutAdditions(text: string): string[] {
  return text
    .split('\r\n')
    .filter((line) => !/^(vary: cookie|set-cookie: sid=.*|cache-control: no-store)$/i.test(line))
    .map((line) => line.replace(/^[\w-]+:/, (name) => name.toLowerCase()))
    .toSorted();
}

describe('a held response, beside a response of node', () => {
  let server: Server;
  let prepare: Prepare;
  let program: Step[];
  let seen: Promise<Seen>;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/next') return void response.end('next');
      prepare(response);
      seen = runProgram(response, program);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => void server.close());

  /** A program's answer, followed on its connection by another, and what the program saw. */
  async function play(method: string, how: Prepare) {
    prepare = how;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const requests = head(method, '/') + head('GET', '/next', 'Connection: close');
    const text = await exchange(url, requests);
    // From Node 26 on two chunks that are written in one turn leave as one.
    const isChunked = /^transfer-encoding: chunked/im.test(text);
    const joined = isChunked ? text.replaceAll(/\r\n[0-9a-f]{1,4}\r\n/g, '') : text;
    return { text: joined.replaceAll(/^Date: .*$/gm, 'Date: now'), seen: await seen };
  }

  async function check(how: Prepare, compared: (text: string) => unknown): Promise<void> {
    const methods = fc.constantFrom('GET', 'HEAD', 'POST');
    const property = fc.asyncProperty(programs, methods, async (steps, method) => {
      program = steps;
      const plain = await play(method, () => {});
      const held = await play(method, how);
      expect(held.seen).toEqual(plain.seen);
      // Node takes the length of a body from an `end` that it refused, and frames what follows by it.
      if (plain.seen.steps.some((step) => /^end\(.*threw/.test(step))) return;
      expect(compared(held.text)).toEqual(compared(plain.text));
    });
    await fc.assert(property, { ...FUZZ_SEED, numRuns: RUNS });
  }

  const waits = [
    ['nothing to wait for', undefined],
    ['work that is done at once', 0],
    ['work that takes a while', 3],
  ] as const;

  it.each(waits)(
    'with %s and nothing to add: the same bytes and the same errors',
    (_, turns) =>
      check(
        (response) => HeldResponse.install(response, hold(turns)),
        (text) => text,
      ),
    TIMEOUT_MS,
  );

  it.each(waits)(
    'with %s and a cookie: the same but for it',
    (_, turns) =>
      check((response) => HeldResponse.install(response, hold(turns, COOKIE)), withoutAdditions),
    TIMEOUT_MS,
  );

  it(
    'with two holds: the same but for the cookies',
    () =>
      check((response) => {
        HeldResponse.install(response, hold(1, COOKIE));
        HeldResponse.install(response, hold(2, 'sid=other'));
      }, withoutAdditions),
    TIMEOUT_MS,
  );
});
