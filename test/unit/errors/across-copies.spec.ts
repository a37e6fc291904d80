import { expect, it } from 'vitest';
import { SessionGoneError, SessionValueError } from 'nestjs-server-session';

it('instanceof tells a subclass, another type and what is no error apart', () => {
  class OwnError extends SessionGoneError {}
  expect(new OwnError('a')).toBeInstanceOf(OwnError);
  expect(new OwnError('a')).toBeInstanceOf(SessionGoneError);
  expect(new SessionGoneError('a')).not.toBeInstanceOf(OwnError);
  expect(new SessionGoneError('a')).not.toBeInstanceOf(SessionValueError);
  const others: unknown[] = [null, undefined, 'SessionGoneError', {}];
  expect(others.map((other) => other instanceof SessionGoneError)).toEqual(others.map(() => false));
});
