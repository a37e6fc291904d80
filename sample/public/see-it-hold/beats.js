import { element } from '../shared/dom.js';

const SHOWN = 40;

/** Requests of one session, each a bar that is filled when it is answered. */
export class Beats {
  /** How many were answered 200. */
  answered = 0;
  /** How many of those that were sent here the session has counted. */
  kept = 0;
  /** What the session had counted before: it outlives this page. */
  #before;
  #statuses = { 200: 0, 503: 0 };

  constructor(chart) {
    this.chart = chart;
    const empty = Array.from({ length: SHOWN }, () => element('span', {}));
    chart.replaceChildren(...empty);
  }

  get loss() {
    const lost = this.answered - this.kept;
    return lost > 0 ? `Of what was answered 200, ${lost} are lost.` : 'Nothing is lost.';
  }

  async send() {
    const bar = element('span', { className: 'open' });
    this.chart.append(bar);
    this.chart.firstElementChild.remove();
    const { status, beats } = await this.#post();
    bar.className = status === 200 ? 'ok' : 'down';
    if (status === 200) this.#count(beats);
    this.#statuses[status === 200 ? 200 : 503] += 1;
    const { 200: ok, 503: down } = this.#statuses;
    this.chart.setAttribute('aria-label', `${ok} requests answered 200, ${down} answered 503`);
    return status;
  }

  #count(beats) {
    this.#before ??= beats - 1;
    this.answered += 1;
    this.kept = Math.max(this.kept, beats - this.#before);
  }

  async #post() {
    try {
      const response = await fetch('live/pulse?as=pulse', { method: 'POST', cache: 'no-store' });
      return { status: response.status, ...(await response.json()) };
    } catch {
      return { status: 0 };
    }
  }
}
