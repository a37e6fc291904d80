import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { ServerMessage } from './server-process.js';

/** Runs an application in a process of its own, so that its CPU time is that of nothing else. */
export async function serve(app: INestApplication): Promise<void> {
  const tell = (message: ServerMessage) => void process.send?.(message);
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches the whole group; the parent decides when a server stops.
  process.on('SIGINT', () => {});
  await app.listen(0, '127.0.0.1');
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    tell({ cpuMicros: user + system });
  });
  tell({ port: (app.getHttpServer().address() as AddressInfo).port });
}
