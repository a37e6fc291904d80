import type { Answer } from '../contents.js';
import { frameOf, TextSocket } from './text-socket.js';
import type { GatewayPlatform, Use } from './variants.js';

/** How clients of one platform speak. */
export interface Protocol {
  /** Opens a socket that messages can be sent by. */
  open(port: number, cookie: string | undefined): Promise<TextSocket>;
  /** A message that is acknowledged. */
  message(event: Use): Buffer;
  /** The text that acknowledges it. */
  answer(answer: Answer): string;
  /** What has to be said to a text that is no answer; `undefined` where that is none of these. */
  reply(text: string): Buffer | undefined;
}

/** Engine.io's and socket.io's packet types, by which their texts begin. */
const OPEN = '0';
const PING = '2';
const PONG = '3';
const CONNECT = '40';
const EVENT = '42';
const ACK = '43';
/** The same for each message: a client waits for one at a time. */
const ACK_ID = '0';

export const PROTOCOLS: Record<GatewayPlatform, Protocol> = {
  'socket.io': {
    async open(port, cookie) {
      const socket = await TextSocket.open(port, '/socket.io/?EIO=4&transport=websocket', cookie);
      expectPacket(OPEN, await socket.next());
      socket.send(frameOf(CONNECT));
      expectPacket(CONNECT, await socket.next());
      return socket;
    },
    message: (event) => frameOf(`${EVENT}${ACK_ID}${JSON.stringify([event, {}])}`),
    answer: (answer) => `${ACK}${ACK_ID}${JSON.stringify([answer])}`,
    reply: (text) => (text === PING ? frameOf(PONG) : undefined),
  },
  ws: {
    open: (port, cookie) => TextSocket.open(port, '/', cookie),
    message: (event) => frameOf(JSON.stringify({ event, data: {} })),
    answer: (answer) => JSON.stringify(answer),
    reply: () => undefined,
  },
};

function expectPacket(type: string, text: string): void {
  if (!text.startsWith(type)) throw new Error(`socket.io said ${text} instead of ${type}…`);
}
