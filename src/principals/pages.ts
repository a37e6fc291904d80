import type { IndexEntry, PrincipalIndex } from '../backends/principal-index.js';

/** Few enough that no command takes long, and many enough that there are few. */
const PAGE_SIZE = 100;

/** A principal's entries, the latest first, of those only that were entered earlier than some time. */
export async function* pagesOf(
  index: PrincipalIndex,
  principal: string,
  beforeMs?: number,
): AsyncGenerator<IndexEntry[], void> {
  for (;;) {
    const page = await index.entries(principal, PAGE_SIZE, beforeMs);
    if (page.length > 0) yield page;
    if (page.length < PAGE_SIZE) return;
    beforeMs = page.at(-1)!.enteredAtMs;
  }
}
