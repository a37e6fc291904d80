import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sourceMessages } from '../support/messages.js';

/** What stands in bold code, as every message of the page does. */
function pageMessages(): string[] {
  const page = readFileSync('docs/troubleshooting.md', 'utf8');
  return [...page.matchAll(/\*\*`([^`]+)`\*\*/g)].map(([, text]) => text!);
}

describe('docs/troubleshooting.md', () => {
  const inSource = sourceMessages();
  const onPage = pageMessages();

  it('has every message of the source', () => {
    expect(inSource.size).toBeGreaterThan(200);
    expect([...inSource].filter((text) => !onPage.includes(text))).toEqual([]);
  });

  it('has no message that the source does not have', () => {
    expect(onPage.filter((text) => !inSource.has(text))).toEqual([]);
  });

  it('has each once', () => {
    expect(onPage.filter((text, place) => onPage.indexOf(text) < place)).toEqual([]);
  });
});
