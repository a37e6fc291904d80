import { AppProcess } from './app/process.js';
import { nowMs } from './now.js';
import { otherSettings, type Profile, type Settings, settingsOf } from './profiles.js';
import type { Recorder } from './recorder.js';
import { type Topology, Wires } from './servers/topology.js';

/** How long a graceful stop may take. */
const STOP_MS = 10_000;

/** One application of the deployment: its process changes, its place and its wires stay. */
export class App {
  #process: AppProcess | undefined;
  #starting: Promise<void> | undefined;

  private constructor(
    readonly index: number,
    readonly wires: Wires,
    private readonly profile: Profile,
    private settings: Settings,
    private readonly recorder: Recorder,
  ) {}

  static async start(
    index: number,
    topology: Topology,
    profile: Profile,
    recorder: Recorder,
  ): Promise<App> {
    const wires = await Wires.to(topology);
    const app = new App(index, wires, profile, settingsOf(profile, index), recorder);
    try {
      await app.start();
    } catch (error) {
      await wires.stop();
      throw error;
    }
    return app;
  }

  get process(): AppProcess {
    return this.#process!;
  }

  /** Starts its process; whoever asks while one is starting waits for that. */
  async start(): Promise<void> {
    this.#starting ??= this.#launch();
    try {
      await this.#starting;
    } finally {
      this.#starting = undefined;
    }
  }

  /** Ends it as an orchestrator does, and starts another one in its place that is made otherwise. */
  async roll(): Promise<void> {
    await this.process.stop(STOP_MS);
    this.settings = otherSettings(this.profile, this.settings);
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    await this.#process?.kill();
    await this.wires.stop();
  }

  async #launch(): Promise<void> {
    const settings = { ...this.settings, store: this.wires.settings };
    this.#process = await AppProcess.start(settings, {
      onReport: (report) => this.recorder.report(report),
      onExit: () => this.recorder.leave(this.index, nowMs()),
      onCrash: (what) => {
        this.recorder.add({ type: 'crash', app: this.index, atMs: nowMs(), what });
        // As an orchestrator does; where that fails, all later requests are refused, and the report says why.
        this.start().catch(() => {});
      },
    });
  }
}

/** All applications, and the servers that they share. */
export class Deployment {
  private constructor(
    readonly topology: Topology,
    readonly apps: readonly App[],
  ) {}

  static async start(
    topology: Topology,
    profile: Profile,
    count: number,
    recorder: Recorder,
  ): Promise<Deployment> {
    const starting = Array.from({ length: count }, (_, index) =>
      App.start(index, topology, profile, recorder),
    );
    const results = await Promise.allSettled(starting);
    const apps = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const deployment = new Deployment(topology, apps);
    try {
      await Promise.all(starting);
    } catch (error) {
      await deployment.stop();
      throw error;
    }
    return deployment;
  }

  get ports(): number[] {
    return this.apps.map(({ process }) => process.port);
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.stop()));
  }
}
