import { describe, expect, it } from 'vitest';
import { ownLifetime } from '../../../src/session/own-lifetime.js';

const told = (options: object) => () => ownLifetime(options);

describe('session.lifetime', () => {
  it('takes what options take', () => {
    expect(ownLifetime({ idle: '30d', absolute: false, persistent: true })).toEqual({
      idleMs: 30 * 24 * 3600 * 1000,
      absoluteMs: Infinity,
      isPersistent: true,
    });
    expect(ownLifetime({ absolute: '100y' })).toEqual({ absoluteMs: 100 * 31_557_600_000 });
    expect(ownLifetime({})).toEqual({});
  });

  it.each([0, -5, Number.NaN, Infinity, '', '30', '1h30m', 'soon', 30n, null, {}])(
    'refuses %s and says what to write',
    (idle) => {
      expect(told({ idle })).toThrow(
        /^session\.lifetime: idle is .*: write text with a unit, such as '30d', or a positive number of seconds\.$/,
      );
    },
  );

  it.each([1e16, 1e308, '1000y'])(
    'takes %s, after which there is no date, as 100 years',
    (value) => {
      const longest = 100 * 31_557_600_000;
      expect(ownLifetime({ idle: value, absolute: value })).toEqual({
        idleMs: longest,
        absoluteMs: longest,
      });
      expect(new Date(Date.now() + longest).getTime()).not.toBeNaN();
    },
  );

  it('refuses names that it does not know', () => {
    expect(told({ absolute: true })).toThrow(/absolute is true: .*, or false for never\.$/);
    expect(told({ idleTimeout: '1h' })).toThrow(/idleTimeout is no option: write idle, absolute/);
    expect(told({ persistent: 'yes' })).toThrow(/persistent must be true or false/);
  });
});
