import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { currentTurn } from '../../../src/edges/http/turn.js';

it('a turn lasts as long as promises go on, and ends with them', async () => {
  const turn = currentTurn();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  expect(currentTurn()).toBe(turn);
  await new Promise<void>((resolve) => process.nextTick(resolve));
  expect(currentTurn()).not.toBe(turn);
  const next = currentTurn();
  await sleep(1);
  expect(currentTurn()).not.toBe(next);
});
