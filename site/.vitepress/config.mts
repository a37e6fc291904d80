import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { assemble } from '../assemble.js';
import { anchorOf } from '../headings.js';
import { GROUPS, pageOf } from '../pages.js';
import { writeReference } from '../reference.js';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const REPOSITORY = path('../..');
const PAGES = path('../pages');

assemble(REPOSITORY, PAGES);
const entryPoints = await writeReference(REPOSITORY, `${PAGES}/api`);

export default defineConfig({
  title: 'nestjs-server-session',
  description: 'Server-side sessions for NestJS',
  base: process.env['DOCS_BASE'] ?? '/',
  srcDir: 'pages',
  ignoreDeadLinks: 'localhostLinks',
  // Of all that the pages show nothing is asked of another host.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    anchor: { slugify: anchorOf },
    toc: { slugify: anchorOf },
  },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        detailedView: true,
        miniSearch: {
          // Whoever looks for a message writes its words as they are, and only the last perhaps in part.
          searchOptions: {
            fuzzy: (term: string) => (term.length > 6 ? 0.15 : false),
            prefix: (_term: string, place: number, terms: string[]) => place === terms.length - 1,
          },
        },
      },
    },
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Recipes', link: '/recipes' },
      { text: 'Errors', link: '/troubleshooting' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      ...Object.entries(GROUPS).map(([text, pages]) => ({
        text,
        collapsed: false,
        items: Object.entries(pages).map(([name, file]) => ({
          text: name,
          link: `/${pageOf(file).replace(/^index$/, '')}`,
        })),
      })),
      {
        text: 'Reference',
        items: entryPoints.map((name) => ({
          text: name.replace(/^.*\//, '…/'),
          link: `/api/${name}/`,
        })),
      },
    ],
    outline: { level: [2, 3] },
  },
});
