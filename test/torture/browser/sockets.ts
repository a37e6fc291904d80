import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { WatchEvent } from '../history.js';
import { nowMs } from '../now.js';
import { PROGRAM_HEADER, SOCKETS_PATH } from '../program.js';
import type { Random } from '../random.js';
import type { Surroundings } from './browser.js';

/** How long it takes until a page opens a socket again. */
const PAUSE_MS = 800;
/** For how long those are open that do not wait for an end. */
const VISIT_MS = 3_000;
/** The codes by which a socket is told that its session has ended, or has a new generation (docs/gateways.md). */
const TOLD = new Set([1008, 1012]);

/** The sockets of one browser's pages, which wait for the end of their session. */
export class Sockets {
  readonly #open = new Set<WebSocket>();

  constructor(
    private readonly browser: number,
    private readonly tokenOf: () => string | undefined,
    private readonly around: Surroundings,
  ) {}

  /** Opens one after another until it is told to stop; the last one stays. */
  async run(random: Random, signal: AbortSignal): Promise<void> {
    const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});
    for (;;) {
      await wait(random.between(0, PAUSE_MS));
      const token = this.tokenOf();
      if (signal.aborted) return;
      if (token === undefined) continue;
      const { client, closed } = this.#connect(random, token);
      if (random.isHit(0.3)) {
        await Promise.race([closed, wait(random.between(0, VISIT_MS))]);
        if (!signal.aborted) client.terminate();
      }
      const aborted = signal.aborted ? undefined : once(signal, 'abort');
      await Promise.race([closed, aborted]);
    }
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const client of this.#open) client.terminate();
  }

  #connect(random: Random, token: string): { client: WebSocket; closed: Promise<void> } {
    const { recorder, names, ports } = this.around;
    const n = recorder.nextNumber();
    const app = random.between(0, ports.length - 1);
    const askedMs = nowMs();
    const event: WatchEvent = {
      type: 'watch',
      n,
      browser: this.browser,
      app,
      form: 'socket',
      token,
      askedMs,
    };
    recorder.add(event);
    const client = new WebSocket(`ws://127.0.0.1:${ports[app]}${SOCKETS_PATH}`, {
      headers: { cookie: names.cookieOf(token), [PROGRAM_HEADER]: JSON.stringify({ n, askedMs }) },
    });
    this.#open.add(client);
    const closed = new Promise<void>((resolve) => {
      // Where it could not connect it is closed as well.
      client.on('error', () => {});
      client.on('close', (code, reason) => {
        this.#open.delete(client);
        event.endMs = nowMs();
        if (TOLD.has(code)) event.told = reason.toString();
        resolve();
      });
    });
    return { client, closed };
  }
}
