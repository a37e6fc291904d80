import type { Nemesis } from './nemesis.js';

/**
 * Nothing passes between one process and Redis, several times, each longer than an operation may take. What was on its
 * way arrives when the network is back, which may be long after it was given up.
 */
export const partition: Nemesis = {
  name: 'partition a process',
  isOfApp: true,
  async run({ deployment, random, pause }, index) {
    const { wires } = deployment.apps[index]!;
    for (let left = random.between(1, 2); left > 0; left--) {
      wires.stall();
      try {
        await pause(random.between(800, 1_900));
      } finally {
        wires.open();
      }
      await pause(random.between(100, 500));
    }
  },
};

/**
 * What a process sends is done, and it does not hear of it in time: an operation may take less than each of these, and two
 * in turn may take more, so that who tries again is heard or not.
 */
export const withhold: Nemesis = {
  name: 'withhold answers',
  isOfApp: true,
  async run({ deployment, random, pause }, index) {
    const { wires } = deployment.apps[index]!;
    for (let left = random.between(2, 3); left > 0; left--) {
      wires.withhold();
      try {
        await pause(random.between(500, 1_300));
      } finally {
        wires.open();
      }
      // Long enough for the next requests to read their sessions.
      await pause(random.between(300, 800));
    }
  },
};

/** Every byte takes its time: at times more than an operation may take. */
export const delay: Nemesis = {
  name: 'delay',
  isOfApp: true,
  async run({ deployment, random, pause }, index) {
    const { wires } = deployment.apps[index]!;
    wires.delay(random.pick([20, 150, 1_500]));
    try {
      await pause(random.between(800, 3_000));
    } finally {
      wires.open();
    }
  },
};

/** Connections end in the midst of a command or of an answer, several times. */
export const cut: Nemesis = {
  name: 'cut connections',
  isOfApp: true,
  async run({ deployment, random, pause }, index) {
    const { wires } = deployment.apps[index]!;
    try {
      for (let left = random.between(2, 6); left > 0; left--) {
        wires.cutAfter(random.between(1, 4_000));
        await pause(random.between(50, 400));
      }
    } finally {
      wires.open();
    }
  },
};
