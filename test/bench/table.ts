export type Column<Row> = readonly [title: string, cell: (row: Row) => string];

/** A Markdown table, aligned to be read as text too. */
export function markdownTable<Row>(
  columns: readonly Column<Row>[],
  content: readonly Row[],
): string {
  const cells = content.map((row) => columns.map(([, cell]) => cell(row)));
  const rows = [columns.map(([title]) => title), ...cells];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const rule = widths.map((width, at) =>
    at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const lines = rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))),
  );
  lines.splice(1, 0, rule);
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

export function decimal(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
