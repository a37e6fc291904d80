import { expect, it } from 'vitest';
import { isIterator, UntilAborted } from '../../../src/edges/until-aborted.js';

/** Gives numbers, and waits for ever after the second; notes when it is left. */
class Numbers {
  isLeft = false;
  async *values(): AsyncGenerator<number> {
    try {
      yield 1;
      yield 2;
      await new Promise(() => {});
    } finally {
      this.isLeft = true;
    }
  }
}

it('gives the values of an iterator, and its end', async () => {
  async function* values() {
    yield 1;
    yield 2;
  }
  const seen: unknown[] = [];
  const { signal } = new AbortController();
  for await (const value of new UntilAborted(values(), signal)) seen.push(value);
  expect(seen).toEqual([1, 2]);
});

it('ends when its signal is aborted, between values and while one is waited for', async () => {
  const numbers = new Numbers();
  const aborter = new AbortController();
  const values = new UntilAborted(numbers.values(), aborter.signal);
  expect(await values.next()).toEqual({ done: false, value: 1 });
  aborter.abort();
  expect(await values.next()).toMatchObject({ done: true });
  expect(numbers.isLeft).toBe(true);

  const again = new AbortController();
  const waiting = new UntilAborted(new Numbers().values(), again.signal);
  await waiting.next();
  await waiting.next();
  const next = waiting.next();
  again.abort();
  expect(await next).toMatchObject({ done: true });
});

it('has ended where its signal was aborted before', async () => {
  const values = new UntilAborted(new Numbers().values(), AbortSignal.abort());
  expect(await values.next()).toMatchObject({ done: true });
});

it('leaves the iterator where it is left itself, and passes its errors on', async () => {
  const numbers = new Numbers();
  const { signal } = new AbortController();
  for await (const value of new UntilAborted(numbers.values(), signal)) if (value === 1) break;
  expect(numbers.isLeft).toBe(true);
  // eslint-disable-next-line require-yield
  async function* failing(): AsyncGenerator<never> {
    throw new Error('of the generator');
  }
  await expect(new UntilAborted(failing(), signal).next()).rejects.toThrow('of the generator');
});

it('is for async iterators alone', () => {
  expect([undefined, 1, 'text', [1], { next: 1 }].map(isIterator)).toEqual(Array(5).fill(false));
  expect(isIterator(new Numbers().values())).toBe(true);
});
