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

/** What stands out from what is behind it by less than 4.5 to 1 (WCAG 1.4.3), with its ratio. */
export function paleTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const linear = (part) => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([red, green, blue]) =>
      0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    const behind = (one) => {
      const color = parts(getComputedStyle(one).backgroundColor);
      return color[3] === 0 ? behind(one.parentElement) : color;
    };
    const ratio = (one) => {
      const [dark, bright] = [parts(getComputedStyle(one).color), behind(one)].map(light).sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    };
    return [...document.querySelectorAll('body *')]
      .filter((one) => one.checkVisibility())
      .filter((one) => [...one.childNodes].some(({ nodeName, data }) => nodeName === '#text' && data.trim()))
      .filter((one) => ratio(one) < 4.5)
      .map((one) => one.textContent.trim() + ': ' + ratio(one).toFixed(2));
  })()`);
}
