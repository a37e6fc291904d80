import type {
  CrashEvent,
  HistoryEvent,
  NemesisEvent,
  RequestEvent,
  WatchEvent,
} from './history.js';
import type { Report } from './program.js';

/** Takes down what happens, as it happens. */
export class Recorder {
  readonly events: HistoryEvent[] = [];
  readonly #requests = new Map<number, RequestEvent>();
  readonly #watches = new Map<number, WatchEvent>();
  #lastNumber = 0;

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  add(event: RequestEvent | WatchEvent | NemesisEvent | CrashEvent): void {
    this.events.push(event);
    if (event.type === 'request') this.#requests.set(event.n, event);
    if (event.type === 'watch') this.#watches.set(event.n, event);
  }

  /** What an application tells, which may come after an answer, or with no answer at all. */
  report(report: Report): void {
    if (report.type === 'watching') return this.#watching(report);
    if (report.type === 'told') return this.#told(report);
    const request = this.#requests.get(report.n);
    if (!request) return;
    if (report.type === 'begun') {
      request.sight = report.sight;
    } else if (report.type === 'closed') {
      request.left = report.left;
    } else {
      request.reports = report.steps;
      request.answeredMs = report.atMs;
    }
  }

  /** A process has ended, and with it all who waited in it. */
  leave(app: number, atMs: number): void {
    for (const watch of this.#watches.values()) {
      if (watch.app === app && watch.form === 'signal') watch.endMs ??= atMs;
    }
  }

  #watching({ n, sight }: Extract<Report, { type: 'watching' }>): void {
    const socket = this.#watches.get(n);
    if (socket) {
      socket.sight = sight;
      return;
    }
    const request = this.#requests.get(n);
    if (!request) return;
    const { browser, app, token, askedMs } = request;
    const from = { browser, app, askedMs, ...(token !== undefined && { token }) };
    this.add({ type: 'watch', n, form: 'signal', ...from, sight });
  }

  #told({ n, atMs, reason }: Extract<Report, { type: 'told' }>): void {
    const watch = this.#watches.get(n);
    if (watch && watch.endMs === undefined) Object.assign(watch, { endMs: atMs, told: reason });
  }
}
