import type { Nemesis } from './nemesis.js';

/** A process that ends at once, with all that it was about to do. */
export const killApp: Nemesis = {
  name: 'kill a process',
  facts: { cutsAnswers: true },
  isOfApp: true,
  async run({ deployment, random, pause }, index) {
    const app = deployment.apps[index]!;
    await app.process.kill();
    await pause(random.between(50, 500));
    await app.start();
  },
};

/** A process that does nothing for a while, and then goes on as if nothing had been. */
export const freezeApp: Nemesis = {
  name: 'freeze a process',
  facts: { cutsAnswers: true },
  isOfApp: true,
  async run({ deployment, random, pause }, index) {
    const { process } = deployment.apps[index]!;
    process.freeze();
    try {
      await pause(random.between(200, 2_500));
    } finally {
      process.resume();
    }
  },
};

/** A rolling restart with other options: running requests are answered, and new ones refused until it is there again. */
export const rollApp: Nemesis = {
  name: 'rolling restart',
  isOfApp: true,
  async run({ deployment }, index) {
    await deployment.apps[index]!.roll();
  },
};

const HOUR_MS = 3_600_000;

/** One machine's clock that is set wrong, forth and back in any order, and then right again. */
export const stepClock: Nemesis = {
  name: 'step a clock',
  isOfApp: true,
  async run({ deployment, random, pause }, index) {
    const { process } = deployment.apps[index]!;
    try {
      for (const direction of random.shuffled([1, -1])) {
        process.stepClock(direction * random.pick([2_000, 20_000, 2 * HOUR_MS]));
        await pause(random.between(500, 2_000));
      }
    } finally {
      process.stepClock(0);
    }
  },
};
