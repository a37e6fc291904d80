import { type ClientRequest, request } from 'node:http';
import { nowMs } from '../now.js';
import { type Program, PROGRAM_HEADER } from '../program.js';

export interface Sent {
  readonly n: number;
  readonly port: number;
  readonly program: Program;
  readonly cookie?: string;
  /** After how long the client goes away by itself. */
  readonly abortAfterMs?: number;
  /** After how long it gives up: a request that hangs must not hang the torturer. */
  readonly patienceMs: number;
}

export interface Answer {
  readonly askedMs: number;
  readonly headMs?: number;
  readonly endMs: number;
  readonly status?: number;
  readonly failure?: string;
  /** Whether it never reached a server. */
  readonly isRefused?: boolean;
}

type OnHead = (status: number, setCookies: readonly string[], headMs: number) => void;

/** Sends a request on a connection of its own. `onHead` is called when the head is there, before the body. */
export function send(sent: Sent, onHead: OnHead): Promise<Answer> {
  const askedMs = nowMs();
  const { n, port, program, cookie } = sent;
  const asked = JSON.stringify({ n, askedMs, steps: program.steps });
  const client = request({
    host: '127.0.0.1',
    port,
    path: `/${program.kind}`,
    method: program.kind === 'sse' ? 'GET' : 'POST',
    agent: false,
    headers: { [PROGRAM_HEADER]: asked, 'content-length': 0, ...(cookie && { cookie }) },
  });
  if (program.kind === 'sse') client.removeHeader('content-length');
  return new Promise((resolve) => {
    let head: { status: number; headMs: number } | undefined;
    let reason: string | undefined;
    const finish = (failure?: string, isRefused = false) => {
      stopTimers();
      const failed = failure === undefined ? {} : { failure: reason ?? failure, isRefused };
      resolve({ askedMs, endMs: nowMs(), ...head, ...failed });
    };
    const stopTimers = limit(client, sent, (why) => (reason = why));
    client.on('error', (error: NodeJS.ErrnoException) =>
      finish(error.code ?? error.message, error.code === 'ECONNREFUSED'),
    );
    client.on('response', (response) => {
      head = { status: response.statusCode!, headMs: nowMs() };
      onHead(head.status, response.headers['set-cookie'] ?? [], head.headMs);
      response.on('error', (error: Error) => finish(error.message));
      response.on('end', () => finish());
      response.resume();
    });
    client.end();
  });
}

/** Lets the client go away when it is to, and give up when it must. */
function limit(
  client: ClientRequest,
  { abortAfterMs, patienceMs }: Sent,
  because: (reason: string) => void,
): () => void {
  const leave = (reason: string) => () => {
    because(reason);
    client.destroy(new Error(reason));
  };
  const timers = [setTimeout(leave('hung'), patienceMs)];
  if (abortAfterMs !== undefined) timers.push(setTimeout(leave('aborted'), abortAfterMs));
  return () => timers.forEach((timer) => clearTimeout(timer));
}
