import { expect, it } from 'vitest';
import { gate, InterleavingController } from '../support/interleaving-controller.js';
import { onEveryBackend } from '../support/matrix.js';

const PARALLEL = 100;
const numbers = Array.from({ length: PARALLEL }, (_, index) => index);

onEveryBackend('no write is lost', { controllers: [InterleavingController] }, (cell) => {
  async function started() {
    const browser = cell.app.browser();
    await browser.post('/set/1000');
    return browser;
  }
  const fields = (...list: number[]) =>
    Object.fromEntries(list.map((number) => [`field${number}`, number]));

  it(`of ${PARALLEL} parallel requests that each set a field of their own, all are kept`, async () => {
    const browser = await started();
    await Promise.all(numbers.map((number) => browser.post(`/set/${number}`)));
    expect((await browser.get('/session')).json()).toEqual(fields(1000, ...numbers));
  });

  it(`${PARALLEL} parallel increments all count`, async () => {
    const browser = await started();
    await Promise.all(numbers.map(() => browser.post('/increment')));
    expect((await browser.get('/session')).json()).toEqual({ ...fields(1000), visits: PARALLEL });
  });

  it('of requests that were all loaded before any was saved, every change is kept', async () => {
    const browser = await started();
    await browser.post('/set/5');
    const paths = ['/set/1', '/delete/5', '/increment', '/set/2', '/increment'];
    const held = paths.map((path, index) => ({ path, gate: gate(`g${index}`), index }));
    const requests = held.map(({ path, index }) => browser.post(`${path}?gate=g${index}`));
    await Promise.all(held.map((each) => each.gate.reached));
    for (const each of held.toReversed()) each.gate.open();
    await Promise.all(requests);
    expect((await browser.get('/session')).json()).toEqual({ ...fields(1000, 1, 2), visits: 2 });
  });

  it('of two changes of one field the last commit wins', async () => {
    const browser = await started();
    const slow = gate('slow');
    const first = browser.post('/set/1000?gate=slow');
    await slow.reached;
    await browser.post('/delete/1000');
    slow.open();
    await first;
    // The slow request set the field to what it had read: to it nothing changed, so it wrote nothing.
    expect((await browser.get('/session')).json()).toEqual({});
  });

  it('a request that only reads writes nothing back', async () => {
    const browser = await started();
    const slow = gate('reader');
    const reading = browser.get('/slow-read?gate=reader');
    await slow.reached;
    await browser.post('/set/7');
    slow.open();
    expect((await reading).json()).toEqual(fields(1000));
    expect((await browser.get('/session')).json()).toEqual(fields(1000, 7));
  });

  it('a request that empties what it saw leaves what another wrote meanwhile', async () => {
    const browser = await started();
    const slow = gate('emptier');
    const emptying = browser.post('/delete/1000?gate=emptier');
    await slow.reached;
    await browser.post('/set/7');
    slow.open();
    expect((await emptying).told).toEqual([]);
    expect((await browser.get('/session')).json()).toEqual(fields(7));
  });
});
