const { default: Sequencer } = require('@jest/test-sequencer');

/** It takes longer than all others, and most of that it waits: begun last, it would be waited for. */
const LONGEST = 'torture.spec.ts';

module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isLongest = ({ path }) => path.endsWith(LONGEST);
    return [...sorted.filter(isLongest), ...sorted.filter((test) => !isLongest(test))];
  }
};
