import { Batch } from '../batch.js';
import { type Row, type RunStatement, Statement } from './connection.js';
import type { TableNames } from './table-names.js';
import { type GivenChange, valuesOf } from './update-call.js';
import { MOST_TOGETHER, updateStatement } from './update-statement.js';

type Reply = Row | undefined;

/**
 * Sends changes by one statement for all that are asked for in one turn of the event loop, which is one transaction then. A row
 * that somebody has locked is left out of it: its change is sent by itself, and waits for nobody else's.
 */
export class UpdateBatch extends Batch<GivenChange, Reply> {
  /** @param hasData whether its changes have data, all of them or none */
  constructor(tables: TableNames, run: RunStatement, hasData: boolean) {
    const one = new Statement(updateStatement(tables, hasData, 'one'));
    const several = new Statement(updateStatement(tables, hasData, 'several'));
    const alone = async (given: GivenChange) => (await run(one, valuesOf(given)))[0];
    super(MOST_TOGETHER, async (changes) => {
      if (changes.length === 1) return [alone(changes[0]!)];
      const firsts = new Map<string, GivenChange>();
      for (const change of changes) {
        if (!firsts.has(change.given_id)) firsts.set(change.given_id, change);
      }
      const rows = await run(several, [JSON.stringify([...firsts.values()])]);
      const applied = new Map(rows.map((row) => [row[0], row]));
      return changes.map((change) => {
        const isIn = firsts.get(change.given_id) === change;
        return (isIn && applied.get(change.given_id)) || alone(change);
      });
    });
  }
}
