import { afterAll } from '@jest/globals';
import { PostgresServer } from './postgres-server.js';
import { START_MS } from './shared-cluster.js';

let starting: Promise<PostgresServer> | undefined;

afterAll(async () => (await starting)?.stop(), START_MS);

/** One PostgreSQL for all tests of a file, who have tables of their own: it takes a second to be made. */
export function sharedPostgres(): Promise<PostgresServer> {
  return (starting ??= PostgresServer.start());
}
