import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestEvent } from '../history.js';
import { nowMs } from '../now.js';
import { isIntended, type Program, STATUS } from '../program.js';
import type { Profile } from '../profiles.js';
import type { Random } from '../random.js';
import type { Recorder } from '../recorder.js';
import { CookieJar, type TokenNames } from './jar.js';
import type { Maker } from './maker.js';
import {
  canTryAgain,
  isDraft,
  isWrite,
  makeProgram,
  remember,
  tryAgain,
  writeLate,
} from './programs.js';
import { send } from './send.js';
import { listAll, opposed } from './sign-ins.js';
import { Sockets } from './sockets.js';

/** How long anything is waited for: longer than the checker's bound for a hang. */
const PATIENCE_MS = 25_000;
const THINK_MS = 100;
/** Around the idle timeout of short sessions. */
const NAP_MS = [1_000, 7_000] as const;
/** How long before its end a session is asked for by somebody who comes back just in time. */
const BRINK_MS = 600;
/** How often it is looked at from then on, and between which pauses. */
const LOOKS = 8;
const LOOK_MS = [30, 150] as const;
/** How much longer somebody stays away whose session has been given a longer life. */
const STAY_MS = [200, 2_000] as const;
const MAX_BURST = 4;
const MAX_ABORT_MS = 200;
/** How long after a sign-in somebody else does something about its principal. */
const MAX_OPPOSED_MS = 300;
/** How many of its old tokens a browser asks for when all is over. */
const LAST_TOKENS = 12;

/** Where requests can go, and what all browsers share. */
export interface Surroundings {
  readonly recorder: Recorder;
  readonly names: TokenNames;
  /** Where each application listens now. */
  readonly ports: readonly number[];
  readonly lifetime: { readonly idle: number; readonly absolute: number };
  /** How many of all programs are about principals. */
  readonly signIns: number;
  /** Ids that some application told, of any browser. */
  readonly ids: string[];
}

/** How many tabs a browser has, how often one of them is left alone, and how long that is too long. */
type Habits = Pick<Profile, 'tabs' | 'naps' | 'timing'>;

interface Wish {
  readonly make?: (maker: Maker) => Program;
  readonly app?: number;
  readonly token?: string;
  readonly afterMs?: number;
}

/** One browser: several tabs that share a jar, whose answers come out of order. */
export class Browser {
  readonly #jar: CookieJar;
  readonly #sockets: Sockets;
  readonly #under = new Set<Promise<unknown>>();

  constructor(
    private readonly index: number,
    private readonly random: Random,
    private readonly around: Surroundings,
  ) {
    this.#jar = new CookieJar(around.names);
    this.#sockets = new Sockets(index, () => this.#jar.token, around);
  }

  /** Goes on until it is told to stop. */
  async run(habits: Habits, signal: AbortSignal): Promise<void> {
    const tabs = Array.from({ length: habits.tabs }, () => this.random.fork());
    const sockets = tabs.map((random) => this.#sockets.run(random.fork(), signal));
    await Promise.all([...sockets, ...tabs.map((random) => this.#tab(random, habits, signal))]);
    while (this.#under.size > 0) await Promise.all(this.#under);
  }

  /** Closes its last sockets. */
  close(): void {
    this.#sockets.close();
  }

  /** Looks on each application at what there is in the end: for each principal, and under each token that it had lately. */
  async look(): Promise<void> {
    await this.#ask(this.random, { make: listAll });
    for (const token of this.#jar.past.slice(-LAST_TOKENS)) {
      for (const app of this.around.ports.keys()) {
        await this.#ask(this.random, { make: look, app, token });
      }
    }
  }

  async #tab(random: Random, { naps, timing }: Habits, signal: AbortSignal): Promise<void> {
    const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});
    while (!signal.aborted) {
      const burst = random.isHit(0.25) ? random.between(2, MAX_BURST) : 1;
      await Promise.all(Array.from({ length: burst }, () => this.#ask(random, {})));
      const chance = random.next();
      if (chance < naps) {
        await wait(random.between(...NAP_MS));
      } else if (chance < 2 * naps) {
        await wait(timing.idleTimeout * 1000 - random.between(0, BRINK_MS));
        if (!signal.aborted) await this.#comeBack(random);
      } else if (chance < 3 * naps) {
        await this.#stayAway(random, () =>
          wait(timing.idleTimeout * 1000 + random.between(...STAY_MS)),
        );
      } else {
        await wait(-Math.log(1 - random.next()) * THINK_MS);
      }
    }
  }

  /**
   * Comes back when the session is about to end, to a page that asks for several things with the cookie that it has: one
   * takes its time and then writes, the others see whether the session is there, meanwhile and afterwards.
   */
  async #comeBack(random: Random): Promise<void> {
    const { token } = this.#jar;
    if (token === undefined) return;
    const asking = [this.#ask(random, { make: writeLate, token })];
    for (let left = LOOKS; left > 0; left--) {
      await sleep(random.between(...LOOK_MS));
      asking.push(this.#ask(random, { make: look, token }));
    }
    await Promise.all(asking);
  }

  /** Asks to be remembered while another request is under way, and stays away for longer than others may. */
  async #stayAway(random: Random, away: () => Promise<unknown>): Promise<void> {
    const { token } = this.#jar;
    if (token === undefined) return;
    const writing = this.#ask(random, { make: writeLate, token });
    await sleep(random.between(...LOOK_MS));
    await Promise.all([writing, this.#ask(random, { make: remember, token })]);
    await away();
    await this.#ask(random, { make: look });
  }

  async #ask(random: Random, wish: Wish): Promise<void> {
    const { recorder, names, ports } = this.around;
    const n = recorder.nextNumber();
    const token = wish.token ?? this.#token(random);
    const make = wish.make ?? ((maker: Maker) => makeProgram(maker, token !== undefined));
    const program = make(this.#maker(random, n));
    const app = wish.app ?? random.between(0, ports.length - 1);
    const event = this.#record(n, app, token, program);
    const isLeaving = !wish.make && random.isHit(isDraft(program) ? 0.6 : 0.04);
    if (!wish.make) this.#oppose(random, program, app);
    const answer = await send(
      {
        n,
        port: ports[app]!,
        program,
        patienceMs: PATIENCE_MS,
        ...(token !== undefined && { cookie: names.cookieOf(token) }),
        ...(isLeaving && { abortAfterMs: random.between(1, MAX_ABORT_MS) }),
      },
      (status, setCookies, headMs) => {
        const cookie = this.#jar.take(setCookies);
        Object.assign(event, { headMs, status, ...(cookie && { cookie }) });
        // Of a 503, or of a 500 that nobody meant, nobody knows whether it was done.
        event.outcome = isIntended(status, program) ? 'ok' : 'info';
        if (status < 500 && isWrite(program)) this.#follow(random, app);
      },
    );
    event.endMs = answer.endMs;
    if (answer.failure !== undefined) event.failure = answer.failure;
    if (answer.isRefused) event.outcome = 'fail';
    this.#learn(event);
    this.#insist(random, event);
  }

  /** As soon as the head of an answer is there, asks another application: what was answered must be saved by now. */
  #follow(random: Random, app: number): void {
    if (random.isHit(0.4)) this.#askBeside(random, { make: look, app: this.#otherThan(app) });
  }

  /** While somebody signs in, all sessions of the same principal are ended or listed elsewhere, or another one begins. */
  #oppose(random: Random, program: Program, app: number): void {
    const make = opposed(program);
    if (!make || !random.isHit(0.3)) return;
    const afterMs = random.between(0, MAX_OPPOSED_MS);
    this.#askBeside(random, { make, app: this.#otherThan(app), afterMs });
  }

  /** Somebody who was refused tries again at once, mostly where it works. */
  #insist(random: Random, { status, app, steps, kind }: RequestEvent): void {
    const refused = { steps, kind };
    if (status !== 503 || !canTryAgain(refused) || !random.isHit(0.7)) return;
    const make = (maker: Maker) => tryAgain(maker, refused);
    this.#askBeside(random, { make, app: this.#otherThan(app) });
  }

  #otherThan(app: number): number {
    return (app + 1) % this.around.ports.length;
  }

  #askBeside(random: Random, wish: Wish): void {
    const asking = sleep(wish.afterMs ?? 0).then(() => this.#ask(random, wish));
    this.#under.add(asking);
    void asking.finally(() => this.#under.delete(asking));
  }

  /** Mostly the jar's; now and then one of before, as from a late tab or a thief; or none, as of somebody's other device. */
  #token(random: Random): string | undefined {
    const { past, token } = this.#jar;
    if (random.isHit(this.around.signIns / 8)) return undefined;
    return past.length > 1 && random.isHit(0.06) ? random.pick(past.slice(-4)) : token;
  }

  #maker(random: Random, n: number): Maker {
    const { lifetime, ids, signIns } = this.around;
    return { random, n, browser: this.index, ids, lifetime, signIns };
  }

  #record(n: number, app: number, token: string | undefined, program: Program): RequestEvent {
    const event: RequestEvent = {
      type: 'request',
      n,
      browser: this.index,
      app,
      ...program,
      ...(token !== undefined && { token }),
      askedMs: nowMs(),
      outcome: 'info',
    };
    this.around.recorder.add(event);
    return event;
  }

  #learn({ sight, status, kind }: RequestEvent): void {
    const { ids } = this.around;
    if (!sight || sight.isNew || status !== STATUS[kind]) return;
    if (!ids.includes(sight.id)) ids.push(sight.id);
    if (ids.length > 10) ids.shift();
  }
}

/** Reads, and does nothing. */
function look(): Program {
  return { steps: [], kind: 'value' };
}
