import { hash } from 'node:crypto';
import type {
  Entered,
  EnteringRequest,
  IndexEntry,
  IndexRange,
  PrincipalIndex,
} from '../principal-index.js';
import { ENTER, ENTRIES, EXTEND, FENCE, LEAVE } from './index-scripts.js';
import { integerReply, listReply } from './replies.js';
import { type RunScript, Script } from './script.js';

/** Keeps each principal's index in one key, named by a hash: no list of keys shows who is signed in. */
export class RedisPrincipalIndex implements PrincipalIndex {
  readonly #enter = new Script(ENTER);
  readonly #extend = new Script(EXTEND);
  readonly #leave = new Script(LEAVE);
  readonly #entries = new Script(ENTRIES);
  readonly #fence = new Script(FENCE);

  constructor(
    private readonly prefix: string,
    private readonly run: RunScript,
  ) {}

  async enter(
    principal: string,
    id: string,
    absoluteMs: number,
    request?: EnteringRequest,
  ): Promise<Entered> {
    const args = [id, absoluteMs, request?.ageMs ?? '', request?.laterThan ?? ''].map(String);
    const reply = listReply('a script', await this.run(this.#enter, this.#key(principal), args), 8);
    const [status, enteredAtMs, before, count, number, ageMs, untilMs, exceptId] =
      reply.map(String);
    return {
      status: status as Entered['status'],
      enteredAtMs: Number(enteredAtMs),
      beforeMs: before ? Number(before) : undefined,
      count: Number(count),
      fence: number ? { number: Number(number), ageMs: Number(ageMs) } : undefined,
      fenced: untilMs ? { untilMs: Number(untilMs), exceptId: exceptId || undefined } : undefined,
    };
  }

  async extend(principal: string, absoluteMs: number): Promise<void> {
    integerReply(
      'a script',
      await this.run(this.#extend, this.#key(principal), [String(absoluteMs)]),
    );
  }

  async leave(principal: string, entries: readonly IndexEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const args = entries.flatMap(({ id, enteredAtMs }) => [id, String(enteredAtMs)]);
    integerReply('a script', await this.run(this.#leave, this.#key(principal), args));
  }

  async entries(
    principal: string,
    limit: number,
    { beforeMs, afterMs }: IndexRange = {},
  ): Promise<IndexEntry[]> {
    const args = [String(limit), afterMs === undefined ? `<${beforeMs ?? '+inf'}` : `>${afterMs}`];
    const reply = listReply('a script', await this.run(this.#entries, this.#key(principal), args));
    const found: IndexEntry[] = [];
    for (let i = 0; i < reply.length; i += 2) {
      found.push({ id: String(reply[i]), enteredAtMs: Number(reply[i + 1]) });
    }
    return found;
  }

  async fence(principal: string, exceptId = ''): Promise<number> {
    return integerReply('a script', await this.run(this.#fence, this.#key(principal), [exceptId]));
  }

  #key(principal: string): string {
    return `${this.prefix}of:${hash('sha256', principal, 'base64url')}`;
  }
}
