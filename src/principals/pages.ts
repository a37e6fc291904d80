import type { IndexEntry, IndexRange, PrincipalIndex } from '../backends/principal-index.js';

/** Few enough that no command takes long, and many enough that there are few. */
const PAGE_SIZE = 100;

/**
 * A principal's entries in pages: the latest first, or those after a time with the earliest first. What is entered again while
 * they are read comes later then, and so is not left out.
 * @param atMost how many are asked for at the most: not more are read than a page of them has
 */
export async function* pagesOf(
  index: PrincipalIndex,
  principal: string,
  range: IndexRange,
  atMost = Infinity,
): AsyncGenerator<IndexEntry[], void> {
  const size = Math.min(PAGE_SIZE, atMost);
  for (;;) {
    const page = await index.entries(principal, size, range);
    if (page.length > 0) yield page;
    if (page.length < size) return;
    const at = page.at(-1)!.enteredAtMs;
    range = range.afterMs === undefined ? { beforeMs: at } : { afterMs: at };
  }
}
