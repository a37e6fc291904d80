import assert from 'node:assert/strict';
import { once } from 'node:events';
import { start } from '../matrix/run.js';
import { Browser } from './browser.js';
import { freePort } from './redis-server.js';
import { until } from './until.js';

/** Starts a generated application that `nest add` has changed, and counts visits. @throws Error with what it printed */
export async function countVisits(cwd: string, env: Record<string, string> = {}): Promise<void> {
  const port = await freePort();
  const browser = new Browser(`http://127.0.0.1:${port}`);
  let printed = '';
  const child = start('node dist/main.js', {
    cwd,
    env: { PORT: String(port), ...env },
    onOutput: (output) => (printed = output),
  });
  const closed = once(child, 'close');
  const isUp = () =>
    child.exitCode !== null ||
    browser.get('/').then(
      () => true,
      () => false,
    );
  try {
    await until('an application that answers', isUp, 20_000);
    assert.equal(child.exitCode, null, 'it runs');
    for (const visits of [1, 2, 3]) {
      assert.deepEqual((await browser.get('/visits')).json(), { visits });
    }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${printed.slice(-4000)}`, { cause: error });
  } finally {
    child.kill();
    await closed;
  }
}
