import type { Locator, Page } from 'playwright-core';

/** The least width and height of what a finger is to hit (WCAG 2.5.5). */
const TARGET_PX = 44;

/** What can be pressed and is smaller than a finger. */
export function brokenTargets(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    [...document.querySelectorAll('a, button, input')]
      .filter((one) => one.checkVisibility())
      .filter((one) => {
        const { width, height } = one.getBoundingClientRect();
        return width < ${TARGET_PX} || height < ${TARGET_PX};
      })
      .map((one) => one.outerHTML)
  `);
}

/** Whether something else stands before its middle, or it is out of the window. */
export async function isCovered(locator: Locator): Promise<boolean> {
  return locator.evaluate((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    const seen = one.ownerDocument.elementFromPoint(left + width / 2, top + height / 2);
    return !one.contains(seen);
  });
}
