import { beforeAll, describe, expect, it } from 'vitest';
import { PageProject } from '../support/page-project.js';

const RUN_MS = 60_000;

/** The page's tests, run as their users run them. */
describe('docs/testing.md', () => {
  const project = new PageProject('docs/testing.md');
  beforeAll(() => project.write());

  it(
    'holds in vitest',
    () => {
      const { code, output } = project.vitest('cart.spec.js');
      expect(output).toMatch(/Tests +4 passed \(4\)/);
      expect(code).toBe(0);
    },
    RUN_MS,
  );

  it(
    'holds in node:test',
    () => {
      const { code, output } = project.run('--test', 'cart.test.js');
      expect(output).toMatch(/pass 1\b/);
      expect(code).toBe(0);
    },
    RUN_MS,
  );
});
