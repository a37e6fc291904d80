import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENTS, play, SITUATIONS } from '../../support/life-table.js';

/** The table of docs/architecture.md: by situation and event what becomes of the session. */
function documented(): Map<string, Map<string, string>> {
  const lines = readFileSync('docs/architecture.md', 'utf8').split('\n');
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex((line) => /^\| *a session that is/.test(line));
  const [, ...events] = cells(lines[start] ?? '');
  const table = new Map<string, Map<string, string>>();
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    const [situation = '', ...outcomes] = cells(line);
    table.set(situation, new Map(outcomes.map((outcome, i) => [events[i]!, outcome])));
  }
  return table;
}

describe('the life of a session, as docs/architecture.md shows it', () => {
  const table = documented();

  it('is told for every situation and every event', () => {
    expect([...table.keys()]).toEqual(Object.keys(SITUATIONS));
    for (const row of table.values()) expect([...row.keys()]).toEqual(Object.keys(EVENTS));
  });

  describe.each(Object.keys(SITUATIONS))('%s', (situation) => {
    it.each(Object.keys(EVENTS))('%s', async (event) => {
      const outcome = await play(SITUATIONS[situation]!, EVENTS[event]!);
      expect(outcome).toBe(table.get(situation)?.get(event));
    });
  });
});
