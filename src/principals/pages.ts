import type { IndexEntry, IndexRange, PrincipalIndex } from '../backends/principal-index.js';

/** Few enough that no command takes long, and many enough that there are few. */
const PAGE_SIZE = 100;

/**
 * A principal's entries in pages: the latest first, or those after a time with the earliest first. What is entered again while
 * they are read comes later then, and so is not left out.
 */
export async function* pagesOf(
  index: PrincipalIndex,
  principal: string,
  range: IndexRange,
): AsyncGenerator<IndexEntry[], void> {
  for (;;) {
    const page = await index.entries(principal, PAGE_SIZE, range);
    if (page.length > 0) yield page;
    if (page.length < PAGE_SIZE) return;
    const at = page.at(-1)!.enteredAtMs;
    range = range.afterMs === undefined ? { beforeMs: at } : { afterMs: at };
  }
}
