import { readNews } from '../ends-news.js';
import { escaped } from '../escaped-text.js';
import { KeptSubscription } from '../kept-subscription.js';
import { PublishedEnds } from '../published-ends.js';
import type { Publisher } from '../publisher.js';
import type { EndReason, EndsListener, SessionEnds } from '../session-ends.js';
import { openSubscription } from '../subscription.js';
import { type RunStatement, Statement } from './connection.js';
import type { PostgresPool } from './pool.js';
import { postgresSubscriber } from './postgres-subscriber.js';
import { endStatement } from './statements.js';
import type { TableNames } from './table-names.js';

/** What the channel is called here. */
const CHANNEL = 'session_ends';
const NOTIFY = new Statement(`SELECT pg_notify($1, '')`);

/** Ends sessions by a statement that tells of it with NOTIFY, and tells whoever listens in any process. */
export class PostgresEnds implements SessionEnds {
  readonly #end: Statement;
  readonly #published: PublishedEnds;

  constructor(
    pool: () => PostgresPool,
    tables: TableNames,
    private readonly run: RunStatement,
  ) {
    this.#end = new Statement(endStatement(tables));
    const publisher: Publisher = {
      subscribe: (channels, events) => {
        const names = new Map(
          channels.map((name) => [name, name === CHANNEL ? tables.channel : `'${name}'`]),
        );
        return openSubscription(events, (told) => postgresSubscriber(pool(), names, told));
      },
      publish: (channel) => run(NOTIFY, [channel]),
    };
    this.#published = new PublishedEnds({
      subscribe: (hearer) => new KeptSubscription('PostgresBackend', publisher, CHANNEL, hearer),
      read: (text) => readNews(text, ''),
    });
  }

  async end(id: string, reason: EndReason): Promise<boolean> {
    const rows = await this.run(this.#end, [escaped(id), reason]);
    return rows.length > 0;
  }

  listen(listener: EndsListener): () => void {
    return this.#published.listen(listener);
  }

  /** Tells nobody any more, and closes the connection. */
  close(): void {
    this.#published.close();
  }
}
