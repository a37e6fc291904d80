import type { ServerResponse } from 'node:http';
import { setImmediate as tick } from 'node:timers/promises';
import fc from 'fast-check';

/** What happened to a response, as whoever wrote it saw it. */
export interface Seen {
  /** What each step returned or threw, in order. */
  readonly steps: string[];
  /** Callbacks and events. When they come depends on when the bytes leave. */
  readonly notices: string[];
}

type Call = (response: ServerResponse, seen: Seen) => unknown;
export type Step = readonly [name: string, run: Call];

/** Runs a program on a response; settles when the response has closed. */
export async function runProgram(response: ServerResponse, program: Step[]): Promise<Seen> {
  const seen: Seen = { steps: [], notices: [] };
  const closed = new Promise((resolve) => response.once('close', resolve));
  response.on('finish', () => seen.notices.push('finish'));
  response.on('error', (error) => seen.notices.push(`error ${codeOf(error)}`));
  for (const step of [...program, ...ENDING]) {
    // What is written after the end, and when, is another matter once the response has closed.
    if (step[0] === 'tick' && !response.writableEnded) await tick();
    else take(step, response, seen);
  }
  await closed;
  seen.notices.sort();
  return seen;
}

function take([name, run]: Step, response: ServerResponse, seen: Seen): void {
  let outcome: unknown;
  try {
    outcome = run(response, seen);
  } catch (error) {
    outcome = `threw ${codeOf(error)}`;
  }
  const result = outcome === response ? 'the response' : String(outcome);
  const { headersSent, writableEnded, statusCode } = response;
  seen.steps.push(`${name}: ${result}; ${headersSent} ${writableEnded} ${statusCode}`);
}

/** Ends what a program left open, a head that node refuses included. */
const ENDING: Step[] = [
  ['last end', (response) => void (response.writableEnded || response.end())],
  [
    'mended end',
    (response) => {
      if (response.writableEnded) return;
      if (!response.headersSent) {
        response.statusCode = 200;
        response.statusMessage = 'Mended';
        response.removeHeader('Trailer');
      }
      response.end();
    },
  ],
];

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: string; name: string };
  return `${name} ${code}`;
}

function anyStep(): fc.Arbitrary<Step> {
  return fc.oneof(
    { weight: 4, arbitrary: output('write', fc.constantFrom(...CHUNKS, ...BAD_CHUNKS)) },
    { weight: 3, arbitrary: output('end', fc.constantFrom(undefined, null, 0, ...CHUNKS, Symbol)) },
    { weight: 3, arbitrary: fc.constantFrom(...HEADS).map(headStep) },
    { weight: 3, arbitrary: fc.constantFrom(...OTHERS) },
  );
}

const CHUNKS = ['text', 'ümläut', '', Buffer.from('bytes'), new Uint8Array([1, 2, 3])];
const BAD_CHUNKS = [null, undefined, 42, {}, new DataView(new ArrayBuffer(2))];
const HEADS: unknown[][] = [
  [200],
  [404, 'Nowhere'],
  [204],
  [304],
  ['201'],
  [42],
  [1000],
  [200, 'Bad\nreason'],
  [200, { 'X-Mine': 'head', 'Set-Cookie': ['a=1', 'b=2'] }],
  [200, 'Fine', { 'x-mine': 'head' }],
  [200, undefined, { 'X-Third': '3' }],
  [200, { 'X-Bad': 'caf\u00e9\u4e2d' }],
  [200, { 'X Bad': '1' }],
  [200, { 'X-Undefined': undefined }],
  [200, { Trailer: 'X-Sum' }],
  [200, { 'Transfer-Encoding': 'chunked' }],
  [200, { Connection: 'close' }],
  [200, ['X-Mine', 'flat', 'Set-Cookie', 'a=1']],
  [200, ['X-Odd']],
  [
    200,
    [
      ['X-Mine', 'nested'],
      ['X-More', '1'],
    ],
  ],
];

const OTHERS: Step[] = [
  ['tick', () => {}],
  ['flushHeaders', (response) => response.flushHeaders()],
  ['setHeader', (response) => response.setHeader('X-Mine', 'set')],
  ['setHeaders', (response) => response.setHeaders(new Map([['X-Map', '1']]))],
  ['appendHeader', (response) => response.appendHeader('Set-Cookie', 'c=3')],
  ['removeHeader', (response) => response.removeHeader('X-Mine')],
  ['a bad header', (response) => response.setHeader('X-Bad', '\n')],
  ['no Date', (response) => void (response.headersSent || (response.sendDate = false))],
  ['a status', (response) => void (response.headersSent || (response.statusCode = 202))],
  ['a bad status', (response) => void (response.statusCode = 42)],
  ['a reason', (response) => void (response.statusMessage = 'My way')],
  ['a Content-Length', (response) => response.setHeader('Content-Length', 4)],
  ['no Content-Length', (response) => response.removeHeader('Content-Length')],
  [
    'trailers',
    // Trailers that come after the end are in time where the end is held.
    (response) => response.writableEnded || response.addTrailers({ 'X-Sum': '4' }),
  ],
  [
    'a corked write',
    (response) => {
      response.cork();
      try {
        return response.write('corked');
      } finally {
        response.uncork();
      }
    },
  ],
];

function headStep(args: unknown[]): Step {
  const run: Call = (response) => response.writeHead(...(args as [number]));
  return [`writeHead(${JSON.stringify(args)})`, run];
}

function output(name: 'write' | 'end', chunks: fc.Arbitrary<unknown>): fc.Arbitrary<Step> {
  const encodings = fc.constantFrom(undefined, 'utf8', 'latin1', 'hex');
  return fc.tuple(chunks, encodings, fc.boolean()).map(([chunk, encoding, withCallback]) => {
    const title = `${name}(${String(chunk)}, ${encoding})`;
    const run: Call = (response, seen) => {
      const callback = (error?: Error | null) =>
        void seen.notices.push(`${title} called back ${error ? codeOf(error) : ''}`);
      const args = [chunk === Symbol ? callback : chunk, encoding, withCallback && callback];
      return (response[name] as (...rest: unknown[]) => unknown)(...args.filter(isGiven));
    };
    return [title, run];
  });
}

/** Keeps a missing chunk apart from an encoding or a callback that is not given. */
function isGiven(arg: unknown, index: number): boolean {
  return index === 0 || (arg !== undefined && arg !== false);
}

/** Any order of calls, right or wrong, and an end. */
export const programs: fc.Arbitrary<Step[]> = fc.array(anyStep(), { minLength: 1, maxLength: 8 });
