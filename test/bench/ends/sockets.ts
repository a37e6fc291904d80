import { once } from 'node:events';
import { WebSocket } from 'ws';

/** How many handshakes are under way at a time. */
const AT_ONCE = 50;

/** A socket of a session, and when it was closed, by `process.hrtime`. */
export interface WatchedSocket {
  readonly id: string;
  readonly closedAtMs: Promise<number>;
}

/** Opens a socket for each session, each with its token. */
export async function openSockets(
  port: number,
  issued: readonly { readonly id: string; readonly token: string }[],
): Promise<WatchedSocket[]> {
  const sockets: WatchedSocket[] = [];
  for (let at = 0; at < issued.length; at += AT_ONCE) {
    const batch = issued.slice(at, at + AT_ONCE).map(({ id, token }) => open(port, id, token));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

async function open(port: number, id: string, token: string): Promise<WatchedSocket> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers, perMessageDeflate: false });
  await once(socket, 'open');
  socket.on('error', () => {});
  const closedAtMs = new Promise<number>((resolve) => {
    socket.once('close', () => resolve(Number(process.hrtime.bigint()) / 1e6));
  });
  return { id, closedAtMs };
}
