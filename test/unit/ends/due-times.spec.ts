import { expect, it } from 'vitest';
import { type Due, DueTimes } from '../../../src/ends/due-times.js';

const ITEMS = 200;
const CHANGES = 3000;

/** A generator of numbers below 1 that a failing run can be repeated with. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

it.each([1, 2, 3])('gives what is due first, whatever was set and removed before (%i)', (seed) => {
  const random = randomOf(seed);
  const times = new DueTimes<Due>();
  const items = Array.from({ length: ITEMS }, () => ({ dueAtMs: Infinity, place: -1 }));
  const model = new Map<Due, number>();
  for (let change = 0; change < CHANGES; change++) {
    const item = items[Math.floor(random() * ITEMS)]!;
    const dueAtMs = Math.floor(random() * 1000);
    const kind = random();
    if (kind < 0.6) {
      times.set(item, dueAtMs);
      model.set(item, dueAtMs);
    } else {
      if (kind < 0.8) times.remove(item);
      else times.set(item, Infinity);
      model.delete(item);
    }
    const earliest = Math.min(...model.values());
    expect(times.earliest?.dueAtMs ?? Infinity).toBe(earliest);
  }
  const order: number[] = [];
  for (let item = times.earliest; item; item = times.earliest) {
    order.push(item.dueAtMs);
    times.remove(item);
  }
  expect(order).toEqual([...model.values()].toSorted((a, b) => a - b));
});
