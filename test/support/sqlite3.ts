import { Database as SqliteFile } from 'node-sqlite3-wasm';

type Done = (error: unknown, rows?: object[]) => void;

/** As much of the package `sqlite3` as @keyv/sqlite uses, over SQLite in WebAssembly: nothing has to be compiled at install. */
class Database {
  readonly #file: SqliteFile;

  constructor(path: string, done: Done) {
    this.#file = new SqliteFile(path);
    setImmediate(done, null);
  }

  all(sql: string, ...args: [...values: string[], done: Done]): void {
    const done = args.pop() as Done;
    this.#answer(done, () => this.#file.all(sql, args as string[]));
  }

  close(done: Done): void {
    this.#answer(done, () => {
      this.#file.close();
      return [];
    });
  }

  #answer(done: Done, run: () => object[]): void {
    try {
      setImmediate(done, null, run());
    } catch (error) {
      setImmediate(done, error);
    }
  }
}

export default { Database };
