import { createHash } from 'node:crypto';
import type { RedisDriver } from './driver.js';

/** Runs a script with one key. */
export type RunScript = (script: Script, key: string, args: string[]) => Promise<unknown>;

/** A Lua script, sent in full where a server may not have it yet, and else by its hash. */
export class Script {
  readonly #sha: string;
  #isSent = false;

  constructor(private readonly lua: string) {
    this.#sha = createHash('sha1').update(lua).digest('hex');
  }

  /**
   * @param key one of the keys, for clients that find the server by it
   * @param args the number of keys, the keys, and what the script takes
   */
  async run(driver: RedisDriver, key: string, args: readonly string[]): Promise<unknown> {
    if (!this.#isSent) {
      this.#isSent = true;
      return driver.send(key, ['eval', this.lua, ...args]);
    }
    try {
      return await driver.send(key, ['evalsha', this.#sha, ...args]);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      return driver.send(key, ['eval', this.lua, ...args]);
    }
  }
}

/** A server that was restarted, one that took another's place, or a node of a Cluster that has not seen the script. */
function isUnknown(error: unknown): boolean {
  return String((error as Error | undefined)?.message).startsWith('NOSCRIPT');
}
