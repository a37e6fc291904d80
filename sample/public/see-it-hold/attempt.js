import { Problem } from '../shared/api.js';
import { byId, say } from '../shared/dom.js';

/** Runs what a button starts, once at a time, and says below it what comes of it. */
export function onPress(buttonId, noticeId, task) {
  let isBusy = false;
  byId(buttonId).onclick = async () => {
    // Not `disabled`, which would take the focus away.
    if (isBusy) return;
    isBusy = true;
    byId(buttonId).setAttribute('aria-disabled', 'true');
    await attempt(noticeId, task);
    byId(buttonId).removeAttribute('aria-disabled');
    isBusy = false;
  };
}

/** Runs a task and says what has gone wrong. */
export async function attempt(noticeId, task) {
  try {
    say(noticeId, '');
    await task();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(noticeId, error.message, true);
  }
}
