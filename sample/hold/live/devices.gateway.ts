import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Principal } from 'nestjs-server-session';
import { LIVE_PATH } from './live-path.js';

/** Nothing here closes a socket: the library does, when the session that opened it ends. */
@WebSocketGateway({ path: `${LIVE_PATH}/devices/socket` })
export class DevicesGateway {
  @SubscribeMessage('who')
  who(@Principal() user: string | undefined) {
    return { event: 'who', data: user ?? null };
  }
}
