import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { describeError } from '../../errors/describe-error.js';
import { type RunStatement, Statement } from './connection.js';
import {
  SWEEP_BATCH,
  sweepPrincipalsStatement,
  sweepSessionsStatement,
} from './sweep-statements.js';
import type { TableNames } from './table-names.js';

/** Between two sweeps. Sessions that are over are gone for everybody in any case: this is about room. */
const SWEEP_MS = 60_000;
/** Between two batches of one sweep, so that others get their turn. */
const PAUSE_MS = 20;

/** Removes rows that are over, now and then, as long as an application runs. */
export class Sweeper {
  readonly #logger = new Logger('PostgresBackend');
  readonly #statements: Statement[];
  #running: AbortController | undefined;
  #isFailing = false;

  constructor(
    tables: TableNames,
    private readonly run: RunStatement,
  ) {
    this.#statements = [sweepSessionsStatement(tables), sweepPrincipalsStatement(tables)].map(
      (text) => new Statement(text),
    );
  }

  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    void this.#sweepOn(this.#running.signal);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  async #sweepOn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for (const statement of this.#statements) await this.#sweep(statement, signal);
        this.#isFailing = false;
      } catch (error) {
        this.#failed(error, signal);
      }
      await pause(SWEEP_MS, signal);
    }
  }

  async #sweep(statement: Statement, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [row] = await this.run(statement, []);
      if (Number(row?.[0]) < SWEEP_BATCH) return;
      await pause(PAUSE_MS, signal);
    }
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (this.#isFailing || signal.aborted) return;
    this.#isFailing = true;
    this.#logger.warn(
      `Expired sessions are not removed (${describeError(error)}). It is tried every minute.`,
    );
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { ref: false, signal }).catch(() => {});
}
