import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium. As root it runs without its sandbox, which takes nothing from what pages are kept from. */
export function launchChromium(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: '/usr/bin/chromium', args });
}
