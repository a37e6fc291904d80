import { Outage, Problem, send as sendOne, SignInProblem } from '../shared/api.js';
import { byId, element, say } from '../shared/dom.js';

const SHOWN_REQUESTS = 6;

export function send(method, path, body) {
  return sendOne(method, path, { body, onAnswer: (status) => note(method, path, status) });
}

// One request after another: the cart is one field of the session, and of two changes of one field at the same time the
// last one wins.
let queue = Promise.resolve();

/** Runs a task after those before it, and says what has gone wrong. */
export function run(task) {
  queue = queue.then(async () => {
    say('notice', '');
    say('account-notice', '');
    try {
      await task();
      byId('problem').hidden = true;
    } catch (error) {
      if (error instanceof SignInProblem) leadToSignIn(error.message);
      else show(error);
      if (!(error instanceof Problem)) throw error;
    }
  });
  queue = queue.catch((error) => console.error(error));
}

/** Beside the form rather than on top of the window, where it would stand before the form on a phone. */
function leadToSignIn(message) {
  byId('problem').hidden = true;
  say('account-notice', message, true);
  byId('account').scrollIntoView();
  const form = byId('sign-in');
  if (!form.contains(document.activeElement)) form.elements.name.focus({ preventScroll: true });
}

function show(error) {
  byId('problem-text').textContent = error instanceof Problem ? error.message : `${error}`;
  byId('retry').hidden = !(error instanceof Outage);
  byId('problem').hidden = false;
}

function note(method, path, status) {
  const isBad = typeof status !== 'number' || status >= 400;
  const row = element('li', {}, [
    element('span', { textContent: status, className: isBad ? 'bad' : '' }),
    element('span', { textContent: `${method} /${path}` }),
  ]);
  byId('requests').prepend(row);
  while (byId('requests').children.length > SHOWN_REQUESTS) {
    byId('requests').lastElementChild.remove();
  }
}
