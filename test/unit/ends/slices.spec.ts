import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Slices } from '../../../src/ends/slices.js';

/** Keeps the process busy. */
function spend(ms: number): void {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt);
}

it('work is done in order, and leaves turns of the event loop to others', async () => {
  const slices = new Slices();
  const done: number[] = [];
  for (let at = 0; at < 100; at++) {
    slices.add(() => {
      spend(1);
      done.push(at);
    });
  }
  expect(done).toEqual([]);
  let most = 0;
  for (let before = 0; done.length < 100; before = done.length) {
    await nextTurn();
    most = Math.max(most, done.length - before);
  }
  // Of what takes a millisecond, five milliseconds are enough for five.
  expect(most).toBeLessThanOrEqual(5);
  expect(done).toEqual([...Array(100).keys()]);
});

it('work that comes while other work is done is done after that', async () => {
  const slices = new Slices();
  const done: string[] = [];
  slices.add(() => {
    done.push('first');
    slices.add(() => done.push('added'));
  });
  slices.add(() => done.push('second'));
  while (done.length < 3) await nextTurn();
  expect(done).toEqual(['first', 'second', 'added']);
});
