import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { stringifyCookie } from 'cookie';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';

export type PlatformName = 'socket.io' | 'socket.io, polling' | 'ws';
export const PLATFORMS: PlatformName[] = ['socket.io', 'socket.io, polling', 'ws'];

/** What a client got for a message: the answer, or the exception instead of it. */
export interface Reply {
  value?: unknown;
  exception?: { status: string; message: string };
}

/** A client of a gateway, one way for every platform. */
export interface GatewayClient {
  /** Sends a message; the next reply. */
  ask(event: string, data?: unknown): Promise<Reply>;
  /** Everything that was sent to the client, in order. */
  readonly replies: Reply[];
  /** Joins a namespace of socket.io by the same connection. */
  join(namespace: string): Promise<GatewayClient>;
  /** When the server has closed the connection: the code of ws, or the reason of socket.io. */
  readonly closed: Promise<number | string>;
  /** Ends the connection without a word to wait for. */
  close(): void;
}

export function useGateways(app: INestApplication, platform: PlatformName): void {
  app.useWebSocketAdapter(platform === 'ws' ? new TellingWsAdapter(app) : new IoAdapter(app));
}

/** Tells clients of exceptions, which Nest 11 emits on its own side of a client of ws alone. */
class TellingWsAdapter extends WsAdapter {
  override bindClientConnect(
    server: never,
    callback: (client: WebSocket, ...rest: unknown[]) => void,
  ): void {
    super.bindClientConnect(server, (client: WebSocket, ...rest: unknown[]) => {
      client.on('exception', (data) => client.send(JSON.stringify({ event: 'exception', data })));
      callback(client, ...rest);
    });
  }
}

/** Where a gateway is, and what else its handshake brings. */
export interface GatewayPlace {
  readonly headers?: Readonly<Record<string, string>>;
  readonly url: string;
  readonly path?: string;
  /** Of socket.io. */
  readonly namespace?: string;
}

export async function connect(
  platform: PlatformName,
  { url, path, namespace = '', headers: others }: GatewayPlace,
  cookies: Record<string, string>,
): Promise<GatewayClient> {
  const cookie = stringifyCookie(cookies);
  const headers: Record<string, string> = { ...others, ...(cookie && { cookie }) };
  if (platform === 'ws') {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path ?? ''}`, { headers });
    await once(socket, 'open');
    return new WsClient(socket);
  }
  const transports = [platform === 'socket.io' ? 'websocket' : 'polling'];
  const socket = io(`${url}${namespace}`, {
    ...(path && { path }),
    transports,
    extraHeaders: headers,
    forceNew: true,
    reconnection: false,
  });
  return joined(socket);
}

async function joined(socket: Socket): Promise<GatewayClient> {
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error) => {
      socket.disconnect();
      reject(error);
    });
  });
  return new IoClient(socket);
}

abstract class Replies {
  readonly replies: Reply[] = [];
  readonly #waiting: ((reply: Reply) => void)[] = [];

  protected next(): Promise<Reply> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  protected add(reply: Reply): void {
    this.replies.push(reply);
    this.#waiting.shift()?.(reply);
  }
}

class WsClient extends Replies implements GatewayClient {
  readonly closed: Promise<number>;

  constructor(private readonly socket: WebSocket) {
    super();
    this.closed = once(socket, 'close').then(([code]) => code as number);
    socket.on('message', (text: Buffer) => {
      const value = JSON.parse(text.toString()) as { event?: string; data?: Reply['exception'] };
      this.add(value.event === 'exception' ? { exception: value.data! } : { value });
    });
  }
  ask(event: string, data?: unknown): Promise<Reply> {
    this.socket.send(JSON.stringify({ event, data }));
    return this.next();
  }
  join(): Promise<GatewayClient> {
    throw new Error('ws has no namespaces');
  }
  close(): void {
    this.socket.terminate();
  }
}

class IoClient extends Replies implements GatewayClient {
  readonly closed: Promise<string>;

  constructor(private readonly socket: Socket) {
    super();
    // By polling the end may come together with the beginning.
    this.closed = socket.connected
      ? new Promise((resolve) => socket.once('disconnect', resolve))
      : Promise.resolve('before it was used');
    socket.onAny((event: string, data: unknown) =>
      this.add(
        event === 'exception'
          ? { exception: data as NonNullable<Reply['exception']> }
          : { value: { event, data } },
      ),
    );
  }
  ask(event: string, data: unknown = {}): Promise<Reply> {
    this.socket.emit(event, data, (value: unknown) => this.add({ value }));
    return this.next();
  }
  join(namespace: string): Promise<GatewayClient> {
    return joined(this.socket.io.socket(namespace));
  }
  close(): void {
    this.socket.disconnect();
  }
}
