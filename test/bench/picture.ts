/** One bar of a picture. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Whether it is this library's. */
  readonly isOurs: boolean;
}

interface Picture {
  readonly title: string;
  /** What the bars say, for whoever can't see them. */
  readonly description: string;
  readonly bars: readonly Bar[];
  /** The value of the longest that there can be. */
  readonly most: number;
}

const WIDTH = 720;
const NAMES = 270;
const VALUES = 60;
const ROW = 34;
const HEAD = 46;

/** In the colours of whoever looks at it; text alone says what is this library's, too. */
const STYLE = `
    text { font: 15px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .ours { font-weight: 600 }
    .track { fill: #d1d9e0 } .bar { fill: #59636e } .bar.ours { fill: #1a7f37 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .track { fill: #3d444d } .bar { fill: #9198a1 } .bar.ours { fill: #3fb950 }
    }`;

/** Horizontal bars as SVG, which needs nothing from elsewhere. */
export function barPicture({ title, description, bars, most }: Picture): string {
  const height = HEAD + bars.length * ROW + 8;
  const length = WIDTH - NAMES - VALUES;
  const rows = bars.flatMap(({ name, value, isOurs }, i) => {
    const y = HEAD + i * ROW;
    const kind = isOurs ? ' ours' : '';
    return [
      `<text class="name${kind}" x="0" y="${y + 17}">${escaped(name)}</text>`,
      `<rect class="track" x="${NAMES}" y="${y + 3}" width="${length}" height="18" rx="4"/>`,
      `<rect class="bar${kind}" x="${NAMES}" y="${y + 3}" width="${(length * value) / most}" height="18" rx="4"/>`,
      `<text class="value${kind}" x="${WIDTH}" y="${y + 17}" text-anchor="end">${value}</text>`,
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">
  <title id="title">${escaped(title)}</title>
  <desc id="description">${escaped(description)}</desc>
  <style>${STYLE}
  </style>
  <text class="title" x="0" y="18">${escaped(title)}</text>
  ${rows.join('\n  ')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
