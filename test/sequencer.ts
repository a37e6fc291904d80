import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take longer than all others, and most of that they wait: begun last, they would be waited for. */
const LONGEST = [
  'e2e/torture.spec.ts',
  'e2e/redis-ends.spec.ts',
  'contract/express-session-stores.spec.ts',
  'e2e/ends.spec.ts',
  'e2e/package.spec.ts',
  'docs/examples.spec.ts',
  'e2e/ends-sockets.spec.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return index === -1 ? LONGEST.length : index;
    };
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
