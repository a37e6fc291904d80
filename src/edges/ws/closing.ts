import type { Duplex } from 'node:stream';
import type { SessionEndReason } from '../../errors/session-ended.error.js';

/** What is used of a client of socket.io. */
interface IoClient {
  readonly conn?: { close(): void };
  disconnect(isForConnection: boolean): void;
  once(event: 'disconnect', listener: () => void): void;
}

/** What is used of a client of ws, or one like it. */
interface WsClient {
  close?(code: number, reason: string): void;
  once?(event: 'close', listener: () => void): void;
}

/** Which tells a client that it may not go on, and not to try again as it is (RFC 6455, 7.4.1). */
const ENDED = { code: 1008, text: 'Session ended' };
/** Likewise, where another site's page has opened it. */
const REFUSED = { code: 1008, text: 'Forbidden' };
/** Which tells it to connect again: it has a new token. */
const REPLACED = { code: 1012, text: 'Session replaced' };

/** How long a client has to close its side. */
const GRACE_MS = 1000;
/** A frame's opcode, with the bit of the last frame (RFC 6455, 5.2). */
const CLOSE_FRAME = 0x88;

/** Has a client of a gateway leave. One of socket.io comes back by itself only where its session goes on. */
export function closeClient(client: object, reason: SessionEndReason): void {
  if (isIoClient(client)) {
    if (reason === 'replaced' && client.conn) client.conn.close();
    else client.disconnect(true);
    return;
  }
  const { code, text } = reason === 'replaced' ? REPLACED : ENDED;
  (client as WsClient).close?.(code, text);
}

export function onceLeft(client: object, run: () => void): void {
  if (isIoClient(client)) client.once('disconnect', run);
  else (client as WsClient).once?.('close', run);
}

/**
 * Closes the connection of a WebSocket, of which nothing else is known. What waits to be sent goes before the frame, and nothing
 * after it: a frame is written as a whole, and a control frame may stand between any two (RFC 6455, 5.4).
 */
export function closeSocket(socket: Duplex, reason: SessionEndReason): void {
  const { code, text } = reason === 'replaced' ? REPLACED : ENDED;
  const head = Buffer.from([CLOSE_FRAME, 2 + text.length, code >> 8, code & 0xff]);
  if (socket.writable) socket.end(Buffer.concat([head, Buffer.from(text)]));
  destroySoon(socket);
}

/** Has a client of a gateway leave that another site's page has connected. */
export function refuseClient(client: object): void {
  if (isIoClient(client)) client.disconnect(true);
  else (client as WsClient).close?.(REFUSED.code, REFUSED.text);
}

/** Answers a request for a WebSocket, which nobody can take then. */
export function refuseUpgrade(socket: Duplex): void {
  // Who takes upgrades may still write to it.
  socket.on('error', () => {});
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  destroySoon(socket);
}

/** Where the other side does not close it. */
export function destroySoon(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), GRACE_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}

function isIoClient(client: object): client is IoClient {
  return typeof (client as Partial<IoClient>).disconnect === 'function';
}
