interface Waiting<Item, Reply> {
  readonly item: Item;
  resolve(reply: Reply | Promise<Reply>): void;
  reject(error: unknown): void;
}

/**
 * Sends together what is asked for in one turn of the event loop. A busy server asks for several sessions in each: one
 * command for all of them costs it a fraction of one for each, the system call above all. An idle one waits for nothing.
 */
export class Batch<Item, Reply> {
  #waiting: Waiting<Item, Reply>[] = [];

  /**
   * @param maxItems how many are sent together at the most
   * @param send gives the replies in the order of the items, or promises of them where some take longer than others
   */
  constructor(
    private readonly maxItems: number,
    private readonly send: (items: Item[]) => Promise<readonly (Reply | Promise<Reply>)[]>,
  ) {}

  add(item: Item): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const count = this.#waiting.push({ item, resolve, reject });
      if (count >= this.maxItems) this.#flush();
      else if (count === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.send(waiting.map(({ item }) => item)).then(
      (replies) =>
        waiting.forEach(({ resolve }, index) => resolve(replies[index] as Reply | Promise<Reply>)),
      (error: unknown) => waiting.forEach(({ reject }) => reject(error)),
    );
  }
}
