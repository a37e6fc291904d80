/**
 * By what an imported session goes: its id and its first secret follow from the old id, so that parallel requests find the
 * same one; and its mark, which says that it was imported.
 */
export class ImportKeys {
  constructor(private readonly derive: (text: string) => Buffer) {}

  token(oldId: string): string {
    return this.#text('id', oldId, 16) + this.#text('secret', oldId, 32);
  }

  /** The id of the mark. */
  mark(oldId: string): string {
    return this.#text('mark', oldId, 16);
  }

  #text(use: string, oldId: string, bytes: number): string {
    return this.derive(`${use}:${oldId}`).subarray(0, bytes).toString('base64url');
  }
}
