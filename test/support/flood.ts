import { once } from 'node:events';
import { connect } from 'node:net';
import { stringifyCookie } from 'cookie';
import type { Browser } from './browser.js';
import { head } from './connection.js';

const CONNECTIONS = 50;
/** How many requests of one connection are on their way at a time. */
const PIPELINED = 10;
const STATUS = /HTTP\/1\.1 (\d{3})/g;
/** As many characters as a status can have reached into the next chunk. */
const CARRIED = 'HTTP/1.1 503'.length - 1;

/** Asks for one page again and again over few connections, as fast as it goes; counts the answers by status. */
export async function flood(
  url: string,
  path: string,
  { cookies }: Browser,
  count: number,
): Promise<Record<string, number>> {
  const request = head('GET', path, `Cookie: ${stringifyCookie(cookies)}`);
  const statuses: Record<string, number> = {};
  const share = Math.ceil(count / CONNECTIONS);
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      ask(url, request, share, (status) => {
        statuses[status] = (statuses[status] ?? 0) + 1;
      }),
    ),
  );
  return statuses;
}

async function ask(
  url: string,
  request: string,
  count: number,
  onStatus: (status: string) => void,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  let sent = Math.min(PIPELINED, count);
  let answered = 0;
  let carried = '';
  socket.on('data', (data: string) => {
    const text = carried + data;
    carried = text.slice(-CARRIED);
    const statuses = [...text.matchAll(STATUS)];
    for (const [, status] of statuses) onStatus(status!);
    answered += statuses.length;
    if (answered === count) return void socket.destroy();
    const more = Math.min(statuses.length, count - sent);
    sent += more;
    if (more > 0) socket.write(request.repeat(more));
  });
  socket.write(request.repeat(sent));
  await once(socket, 'close');
}
