/** What is written into a source text, and before which of its characters. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

export function inserted(source: string, insertions: readonly Insertion[]): string {
  return insertions
    .toSorted((a, b) => b.at - a.at)
    .reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), source);
}

/** The one that a text has already. */
export function endOfLine(source: string): string {
  return source.includes('\r\n') ? '\r\n' : '\n';
}

/** How far the line that holds this character is indented. */
export function indentAt(source: string, at: number): string {
  const start = source.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(source.slice(start))![0];
}

/** With these lines at its end, each on a line of its own. */
export function withLines(source: string, lines: readonly string[]): string {
  if (lines.length === 0) return source;
  const end = endOfLine(source);
  const before = source === '' || source.endsWith('\n') ? source : source + end;
  return before + lines.map((line) => line + end).join('');
}
