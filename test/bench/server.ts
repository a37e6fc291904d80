import type { AddressInfo } from 'node:net';
import { createApp } from './apps/app.js';
import type { ServerMessage } from './server-process.js';
import type { Kind, Platform } from './variants.js';

/** A server of one variant, in a process of its own, so that its CPU time is that of nothing else. */
const [platform, kind, redisUrl] = process.argv.slice(2) as [Platform, Kind, string];

function tell(message: ServerMessage): void {
  process.send?.(message);
}

process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the parent decides when a server stops.
process.on('SIGINT', () => {});

const app = await createApp(platform, kind, redisUrl);
await app.listen(0, '127.0.0.1');
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  tell({ cpuMicros: user + system });
});
tell({ port: (app.getHttpServer().address() as AddressInfo).port });
