import { Batch } from '../batch.js';
import { listReply } from './replies.js';
import { Script } from './script.js';
import { type UpdateArguments, type UpdateReply, updateReply } from './update-call.js';
import { UPDATE } from './update-script.js';

/** A change of one session, of many that are sent together. */
interface Update {
  readonly key: string;
  readonly args: UpdateArguments;
}

/** Sends changes by one script for all that are asked for in one turn of the event loop. */
export class UpdateBatch extends Batch<Update, UpdateReply> {
  /** @param news where the script tells of ends */
  constructor(
    maxItems: number,
    news: { readonly channel: string },
    run: (script: Script, keys: string[], args: string[]) => Promise<unknown>,
  ) {
    const script = new Script(UPDATE);
    super(maxItems, async (updates) => {
      const keys = updates.map(({ key }) => key);
      const args: string[] = updates.flatMap((update) => update.args);
      args.push(news.channel);
      const replies = listReply('a script', await run(script, keys, args), 2 * updates.length);
      return updates.map((_, index) => updateReply(replies[2 * index], replies[2 * index + 1]));
    });
  }
}
