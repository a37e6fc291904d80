import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import type { TestApp } from './app.js';
import type { Answer, Browser } from './browser.js';
import { until } from './until.js';

const VISITORS = 150;
const PARALLEL = 15;
const PAUSE_MS = 5;

@Controller()
export class FailoverController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Post('start')
  @HttpCode(200)
  start(@Session() session: Session) {
    Object.assign(session, { userId: session.id, visits: 0 });
    return session.id;
  }
  @Post('visit')
  @HttpCode(200)
  visit(@Session() session: Session) {
    session.increment('visits');
  }
}

export interface TimedAnswer extends Answer {
  /** It read and wrote its session, in one command after the other. */
  isWrite: boolean;
  tookMs: number;
}

/** Somebody with a session, who does one thing at a time. */
export class Visitor {
  /** How many increments were sent, and how many of them were answered with 200. */
  sent = 0;
  saved = 0;
  readonly answers: TimedAnswer[] = [];

  private constructor(
    private readonly browser: Browser,
    readonly id: string,
  ) {}

  static async start(app: TestApp): Promise<Visitor> {
    const browser = app.browser();
    const id = (await browser.post('/start')).text;
    const visitor = new Visitor(browser, id);
    await visitor.visit();
    return visitor;
  }

  async visit(): Promise<void> {
    this.sent++;
    const answer = await this.#timed(true, () => this.browser.post('/visit'));
    if (answer.status === 200) this.saved++;
  }

  read(): Promise<Answer> {
    return this.#timed(false, () => this.browser.get('/session'));
  }

  async #timed(isWrite: boolean, send: () => Promise<Answer>): Promise<Answer> {
    const startMs = performance.now();
    const answer = await send();
    this.answers.push({ ...answer, isWrite, tookMs: performance.now() - startMs });
    return answer;
  }
}

/** Visitors of one application who read and write their sessions all the time. */
export class FailoverLoad {
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly app: TestApp,
    readonly visitors: Visitor[],
  ) {}

  static async start(app: TestApp): Promise<FailoverLoad> {
    const visitors = await Promise.all(Array.from({ length: VISITORS }, () => Visitor.start(app)));
    return new FailoverLoad(app, visitors);
  }

  begin(): void {
    // That all visitors came at once is not what is measured.
    for (const { answers } of this.visitors) answers.length = 0;
    this.#running = Promise.all(Array.from({ length: PARALLEL }, (_, index) => this.#go(index)));
  }

  /** Waits until each visitor, or one of them, has been answered again, with a status. */
  async answered(who: 'every' | 'some', status: number, deadlineMs: number): Promise<void> {
    const counts = this.visitors.map(({ answers }) => answers.length);
    const isAnswered = ({ answers }: Visitor, index: number) =>
      answers.length > counts[index]! && answers.at(-1)!.status === status;
    await until(`${status} for ${who} visitor`, () => this.visitors[who](isAnswered), deadlineMs);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #go(first: number): Promise<void> {
    for (let at = first; !this.#isOver; at = (at + PARALLEL) % VISITORS) {
      const visitor = this.visitors[at]!;
      await (visitor.answers.length % 2 ? visitor.visit() : visitor.read());
      await sleep(PAUSE_MS);
    }
  }
}
