import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Report } from '../program.js';
import { type AppCommand, type AppSettings, SETTINGS_VARIABLE } from './settings.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const CLOCK = new URL('clock.js', import.meta.url).href;
const START_MS = 30_000;
const KEPT_CHARACTERS = 2_000;

/** One application process, seen from the torturer. */
export class AppProcess {
  port = 0;
  /** Whether it is to go on; where it isn't, its end is no crash. */
  #isExpected = false;
  #stderr = '';

  private constructor(
    readonly settings: AppSettings,
    private readonly child: ChildProcess,
  ) {}

  static async start(settings: AppSettings, listener: AppListener): Promise<AppProcess> {
    const child = fork(MAIN, {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        [SETTINGS_VARIABLE]: JSON.stringify(settings),
      },
      execArgv: ['--import', CLOCK, '--no-warnings'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const app = new AppProcess(settings, child);
    app.#listen(listener);
    try {
      await app.#isListening();
    } catch (error) {
      await app.kill();
      throw error;
    }
    return app;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  stepClock(clockOffsetMs: number): void {
    const command: AppCommand = { clockOffsetMs };
    if (this.isRunning) this.child.send(command);
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Asks it to end as an orchestrator does, and ends it where it doesn't. */
  async stop(patienceMs: number): Promise<void> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    await this.#end('SIGTERM');
    clearTimeout(timer);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isExpected = true;
    if (!this.isRunning) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }

  async #isListening(): Promise<void> {
    const signal = AbortSignal.timeout(START_MS);
    const ended = once(this.child, 'exit', { signal }).then(() => {
      throw new Error(`an application ended when it was started: ${this.#stderr}`);
    });
    ended.catch(() => {});
    const [message] = await Promise.race([once(this.child, 'message', { signal }), ended]);
    this.port = (message as { port: number }).port;
  }

  #listen({ onReport, onExit, onCrash }: AppListener): void {
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_CHARACTERS);
    });
    this.child.on('message', (message: Report | { type: 'listening' }) => {
      if (message.type !== 'listening') onReport(message);
    });
    this.child.on('exit', (code, signal) => {
      onExit();
      if (!this.#isExpected) onCrash(`${signal ?? `exit code ${code}`}: ${this.#stderr}`);
    });
  }
}

export interface AppListener {
  onReport(report: Report): void;
  onExit(): void;
  /** It ended though nobody ended it. */
  onCrash(what: string): void;
}
