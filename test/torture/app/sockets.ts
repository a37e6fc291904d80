import type { IncomingMessage } from 'node:http';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { SessionService } from 'nestjs-server-session';
import type { WebSocket } from 'ws';
import { nowMs } from '../now.js';
import { PROGRAM_HEADER, SOCKETS_PATH } from '../program.js';
import type { Request } from './interpreter.js';
import { report } from './report.js';
import { sightOf } from './sights.js';

/** Sockets on which nobody says anything: they are open until their session ends. */
@WebSocketGateway({ path: SOCKETS_PATH })
export class SocketsGateway implements OnGatewayConnection {
  constructor(private readonly sessions: SessionService) {}

  async handleConnection(client: WebSocket, { headers }: IncomingMessage): Promise<void> {
    const { n, askedMs } = JSON.parse(String(headers[PROGRAM_HEADER])) as Request;
    try {
      const session = await this.sessions.of(client);
      report({ type: 'watching', n, sight: sightOf(session, askedMs, nowMs()) });
    } catch {
      // Nobody knows what it watches; it is closed like any other.
    }
  }
}
