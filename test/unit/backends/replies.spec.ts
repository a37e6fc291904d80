import { describe, expect, it } from 'vitest';
import {
  integerReply,
  listReply,
  okReply,
  textReply,
} from '../../../src/backends/redis/replies.js';
import { updateReply } from '../../../src/backends/redis/update-call.js';

const NEVER = [undefined, 'QUEUED', '', {}, true];
const error = new Error('OOM');

/** Nothing at all is what a client in legacy mode gives. */
describe.each<[string, (reply: unknown) => unknown, unknown[], unknown[]]>([
  ['an integer', (reply) => integerReply('DEL', reply), [0, 1, '1'], [null, []]],
  ['OK', (reply) => okReply('SET', reply), ['OK'], [null, 1]],
  ['a list', (reply) => listReply('MGET', reply, 1), [['a'], [null]], [null, [], ['a', 'b']]],
  ['a status', (reply) => updateReply(reply, 0), [0, '1', error], [null, []]],
  ['an end', (reply) => updateReply(1, reply), [0, '1795546357907'], [null, error]],
])('where Redis answers %s', (_, read, replies, others) => {
  it.each(replies.map((reply) => [reply]))('%s is taken', (reply) => {
    expect(() => read(reply)).not.toThrow();
  });

  it.each([...NEVER, ...others].map((reply) => [reply]))(
    '%s is an error that names its type alone',
    (reply) => {
      expect(() => read(reply)).toThrow(
        /a reply of type (undefined|string|object|boolean|null|number|array) that/,
      );
    },
  );
});

it('where Redis answers a text, only that and the lack of it are taken', () => {
  expect(['a', null].map((reply) => textReply('MGET', reply))).toEqual(['a', null]);
  for (const reply of [undefined, 1, {}, Buffer.from('a')]) {
    expect(() => textReply('MGET', reply)).toThrow(/a reply of type/);
  }
});
