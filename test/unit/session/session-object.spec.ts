import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, type Session } from 'nestjs-server-session';
import { ActiveSession } from '../../../src/session/active-session.js';
import { createSessionObject } from '../../../src/session/session-object.js';
import { lifeRuntime } from '../../support/life.js';
import '../../support/session-data.js';

const runtime = lifeRuntime({ backend: new MemoryBackend() });

describe('the session object', () => {
  let life: ActiveSession;
  let session: Session;
  const loose = () => session as unknown as Record<string, unknown>;

  beforeEach(() => {
    life = new ActiveSession(runtime);
    session = createSessionObject(life);
  });

  it('holds data as a plain object does', () => {
    session.visits = 1;
    session.cart = { items: [] };
    session.cart.items.push({ sku: 'a', count: 1 });
    const data = { visits: 1, cart: { items: [{ sku: 'a', count: 1 }] } };
    expect(Object.keys(session)).toEqual(['visits', 'cart']);
    expect({ ...session }).toEqual(data);
    expect(JSON.stringify(session)).toBe(JSON.stringify(data));
    expect(Object.entries(session)).toEqual(Object.entries(data));
    expect('visits' in session).toBe(true);
    expect('userId' in session).toBe(false);
    expect(Object.hasOwn(session, 'visits')).toBe(true);
    expect(Object.prototype.hasOwnProperty.call(session, 'save')).toBe(false);
    expect(loose().hasOwnProperty).toBe(Object.prototype.hasOwnProperty);
    expect(Object.prototype.toString.call(session)).toBe('[object Object]');
    const seen: string[] = [];
    for (const key in session) seen.push(key);
    expect(seen).toEqual(['visits', 'cart']);
    delete session.visits;
    expect(Object.keys(session)).toEqual(['cart']);
    expect(session.visits).toBeUndefined();
    Object.defineProperty(session, 'visits', { value: 3 });
    expect(session.visits).toBe(3);
  });

  it('is cloned by its data: a copy that the session does not see', () => {
    session.cart = { items: [] };
    const copy = structuredClone({ ...session });
    copy.cart!.items.push({ sku: 'a', count: 1 });
    expect(session.cart).toEqual({ items: [] });
    expect(() => structuredClone(session)).toThrow(/could not be cloned/);
  });

  it.each([{}, { showHidden: true, depth: 9 }])(
    'is looked at by its id, with neither its token nor its data: %s',
    async (options) => {
      session.userId = 'ada';
      await session.save();
      const { id } = session;
      const telling = life.notice.telling as { token: string };
      expect(inspect({ session }, options)).toBe(`{ session: [Session ${id}] }`);
      expect(telling.token).toMatch(new RegExp(`^${id}[\\w-]{43}$`));
      expect(id).toMatch(/^[\w-]{22}$/);
      const secret = telling.token.slice(id.length);
      for (const each of [session, { ...session }, life, runtime]) {
        life.notice.take();
        expect(inspect(each, { ...options, showProxy: true })).not.toContain(secret);
      }
    },
  );

  it('has the same data by methods', () => {
    session.set('visits', 1);
    session.update({ userId: 'ada', visits: 2 });
    expect([session.get('visits'), session.has('userId'), session.has('flash')]).toEqual([
      2,
      true,
      false,
    ]);
    expect(session.delete('userId')).toBe(true);
    expect(session.delete('userId')).toBe(false);
    session.flash = ['saved'];
    expect(session.take('flash')).toEqual(['saved']);
    expect(session.take('flash')).toBeUndefined();
    expect(session.increment('visits')).toBe(3);
    expect(session.increment('field1', 5)).toBe(5);
    session.clear();
    expect(Object.keys(session)).toEqual([]);
  });

  it.each(['save', 'id', 'get', 'regenerate', 'isNew', 'take'])(
    'refuses data of the name %s, which is a member',
    (name) => {
      expect(() => (loose()[name] = 1)).toThrow(new RegExp(`session\\.${name} is a member`));
      expect(() => session.update({ [name]: 1 })).toThrow(TypeError);
      expect(() => Object.assign(session, { [name]: 1 })).toThrow(TypeError);
      expect(() => Object.defineProperty(session, name, { value: 1 })).toThrow(TypeError);
    },
  );

  it('merges all of an update or nothing', () => {
    expect(() => session.update({ userId: 'ada', save: 1 } as never)).toThrow(TypeError);
    expect(Object.keys(session)).toEqual([]);
  });

  it.each([[[1, 2]], ['hunter2'], [null], [undefined], [7]])(
    'refuses to update by %s',
    (values) => {
      expect(() => session.update(values as never)).toThrow(/data are fields by name[^2]*$/);
      expect(Object.keys(session)).toEqual([]);
    },
  );

  it('refuses reserved names, symbols, accessors and freezing', () => {
    expect(() => (loose()['$seen'] = '1')).toThrow(/begin with \$ are reserved/);
    expect(() => ((session as unknown as Record<symbol, number>)[Symbol('x')] = 1)).toThrow(
      /only text keys/,
    );
    expect(() => Object.defineProperty(session, 'x', { get: () => 1 })).toThrow(/accessor/);
    expect(() => Object.freeze(session)).toThrow(/frozen/);
    expect(() => Object.setPrototypeOf(session, {})).toThrow(/prototype/);
  });

  it('leads nobody to a prototype', () => {
    const hostile = session as unknown as Record<string, Record<string, unknown>>;
    expect(() => (loose()['__proto__'] = { admin: true })).toThrow(/session\.__proto__/);
    const parsed = JSON.parse('{"__proto__":{"admin":true}}') as object;
    expect(() => session.update(parsed)).toThrow(TypeError);
    expect(hostile['__proto__']).toBeUndefined();
    expect(Object.isFrozen(Object.getPrototypeOf(session))).toBe(true);
    expect(loose()['constructor']).toBe(Object);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
    expect(loose()['admin']).toBeUndefined();
  });

  it('refuses to increment by what is no number', () => {
    expect(() => session.increment('visits', Number.NaN)).toThrow(/finite number/);
    expect(() => session.increment('visits', '1' as never)).toThrow(/finite number/);
  });

  it('is not used by being awaited', async () => {
    await Promise.resolve(session);
    expect(life.isUsed).toBe(false);
    void session.visits;
    expect(life.isUsed).toBe(true);
  });
});
