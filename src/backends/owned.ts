/** A client that a backend makes when it is first needed, and closes when the last application that uses it has ended. */
export class Owned<Client> {
  #client: Client | undefined;
  #users = 0;
  #isClosed = false;

  constructor(
    private readonly make: () => Client,
    private readonly close: (client: Client) => Promise<void>,
  ) {}

  /** A closed one refuses each command, so that what comes after the end leaves nothing open. */
  get client(): Client {
    return (this.#client ??= this.make());
  }

  /** Nobody uses it any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  acquire(): void {
    this.#users++;
    if (this.#isClosed) this.#client = undefined;
    this.#isClosed = false;
    this.#client ??= this.make();
  }

  async release(): Promise<void> {
    this.#users = Math.max(this.#users - 1, 0);
    if (this.#users > 0 || !this.#client) return;
    this.#isClosed = true;
    await this.close(this.#client);
  }
}
