import { once } from 'node:events';
import { connect } from 'node:net';

/** All that comes back on one connection for the text given, which has to ask for its end. */
export async function exchange(url: string, ...texts: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  let received = '';
  const closed = once(socket, 'close');
  socket.on('data', (data: string) => (received += data));
  await once(socket, 'connect');
  for (const text of texts) {
    socket.write(text);
    if (text !== texts.at(-1)) await once(socket, 'data');
  }
  await closed;
  return received;
}

/** A request's head, as text. */
export function head(method: string, path: string, ...headers: string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');
}

export interface ParsedAnswer {
  statusLine: string;
  /** Sorted, as `name: value`. */
  headers: string[];
  body: string;
  trailers: string[];
}

/** Takes apart one answer on a connection that was closed after it. */
export function parseAnswer(text: string): ParsedAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine, ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()));
  const rest = text.slice(end + 4);
  const isChunked = headers.includes('transfer-encoding: chunked') && rest !== '';
  const { body, trailers } = isChunked ? dechunk(rest) : { body: rest, trailers: [] };
  return { statusLine: statusLine!, headers: headers.toSorted(), body, trailers };
}

function dechunk(text: string): { body: string; trailers: string[] } {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (!(size > 0)) break;
    body += text.slice(at, at + size);
    at += size + 2;
  }
  return { body, trailers: text.slice(at).split('\r\n').filter(Boolean) };
}
