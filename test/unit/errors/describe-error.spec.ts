import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../../src/errors/describe-error.js';

const refused = (host: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${host}:6379`), { code: 'ECONNREFUSED' });

describe('an error is told', () => {
  it.each<[string, unknown, string]>([
    ['by its name and message', new TypeError('no'), 'TypeError: no'],
    ['with its code', Object.assign(new Error('no'), { code: '28P01' }), 'no (28P01)'],
    ['with a code once', refused('a'), 'connect ECONNREFUSED a:6379'],
    [
      'with its causes',
      new Error('a', { cause: new Error('b', { cause: refused('c') }) }),
      'a, caused by b, caused by connect ECONNREFUSED c:6379',
    ],
    [
      'with a cause that it names already once',
      new Error('no: why', { cause: new Error('why') }),
      'no: why',
    ],
    [
      'with the parts of an aggregate that says nothing',
      Object.assign(new AggregateError([refused('::1'), refused('127.0.0.1')]), {
        code: 'ECONNREFUSED',
      }),
      'AggregateError: connect ECONNREFUSED ::1:6379; connect ECONNREFUSED 127.0.0.1:6379',
    ],
    [
      'with the last error of a node',
      Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: refused('n') }),
      'Failed to refresh slots cache., caused by connect ECONNREFUSED n:6379',
    ],
    ['in one line', new Error('a\n   at b\n  at c'), 'a at b at c'],
    ['where it is text', 'no connection', 'no connection'],
    ['where it is nothing', undefined, 'undefined'],
    ['where it says nothing', {}, 'an error that says nothing'],
    ['where it is of another realm', runInNewContext('new RangeError("x")'), 'RangeError: x'],
  ])('%s', (_, error, text) => {
    expect(describeError(error)).toBe(text);
  });

  it.each([
    'redis://user:hunter2@host:6379 is down',
    'redis://:hunter2@host',
    'rediss://user:p@ss/hunter2#x@host/0',
    'postgres://a:hunter2@h1/db, postgres://b:hunter2@h2/db',
    'redis://host?password=hunter2&db=1',
  ])('without the password of %j', (message) => {
    const error = new Error('no', { cause: new AggregateError([new Error(message)]) });
    expect(describeError(error)).toMatch(/\*\*\*/);
    expect(describeError(error)).not.toContain('hunter2');
    expect(describeError(message)).not.toContain('hunter2');
  });

  it('in a few words, however deep its causes go', () => {
    const cycle = new Error('again');
    cycle.cause = new Error('and', { cause: cycle });
    expect(describeError(cycle).length).toBeLessThan(200);
    expect(describeError(new Error('x'.repeat(10_000))).length).toBeLessThan(510);
    const wide = new AggregateError(Array.from({ length: 1000 }, () => new Error('x')));
    expect(describeError(wide)).toBe('AggregateError: x; x; x');
  });
});
