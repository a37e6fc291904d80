import { send } from '../shared/api.js';
import { byId, say } from '../shared/dom.js';
import { onPress } from './attempt.js';
import { Beats } from './beats.js';

const INTERVAL_MS = 250;

export function startOutage(firstState) {
  const beats = new Beats(byId('beats'));
  let state = firstState;
  let sending;
  let changedAtMs = 0;
  /** What the next change of the answers means. */
  let awaited;

  function showButtons() {
    byId('redis').textContent = state === 'running' ? 'Kill Redis' : 'Start Redis again';
    byId('beat').textContent = sending ? 'Stop sending' : 'Send requests';
  }

  async function beat() {
    const status = await beats.send();
    byId('beats-answered').textContent = beats.answered;
    byId('beats-kept').textContent = beats.kept;
    if (status !== awaited) return;
    awaited = undefined;
    const afterMs = Math.round(performance.now() - changedAtMs);
    if (status === 503) say('outage-notice', `Answered 503 since ${afterMs} ms after the kill.`);
    else say('outage-notice', `Answered 200 again, ${afterMs} ms after the start. ${beats.loss}`);
  }

  function sendOn(isOn) {
    clearInterval(sending);
    sending = isOn ? setInterval(() => void beat(), INTERVAL_MS) : undefined;
    showButtons();
  }

  byId('beat').onclick = () => sendOn(!sending);
  onPress('redis', 'outage-notice', async () => {
    const isKill = state === 'running';
    // A kill that nobody sees would show nothing.
    if (!sending) {
      await beat();
      sendOn(true);
    }
    awaited = isKill ? 503 : 200;
    changedAtMs = performance.now();
    ({ state } = await send('POST', isKill ? 'hold/redis/kill' : 'hold/redis/start'));
    showButtons();
  });
  showButtons();
}
