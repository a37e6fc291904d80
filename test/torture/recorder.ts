import type { CrashEvent, HistoryEvent, NemesisEvent, RequestEvent } from './history.js';
import type { Report } from './program.js';

/** Takes down what happens, as it happens. */
export class Recorder {
  readonly events: HistoryEvent[] = [];
  readonly #requests = new Map<number, RequestEvent>();
  #lastNumber = 0;

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  add(event: RequestEvent | NemesisEvent | CrashEvent): void {
    this.events.push(event);
    if (event.type === 'request') this.#requests.set(event.n, event);
  }

  /** What an application tells of a request, which may come after its answer, or with no answer at all. */
  report(report: Report): void {
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
}
