import { send } from '../shared/api.js';
import { element, say } from '../shared/dom.js';
import { attempt } from './attempt.js';

const ASK_INTERVAL_MS = 1000;
/** What the library closes the sockets of a session with that has ended. */
const SESSION_ENDED = 1008;

/** A panel that is a device: with a cookie of its own, and a socket as long as it is signed in. */
export class Device {
  #socket;
  #answers = 0;

  /** @param on `pressed` before it signs others out, `ended` when its session has been ended */
  constructor(name, on) {
    this.name = name;
    this.on = on;
    this.state = element('p', { className: 'state' });
    this.detail = element('p', { className: 'soft' });
    this.controls = element('div', { className: 'buttons' });
    const id = `device-${name.toLowerCase()}`;
    const title = element('h3', { id, textContent: name, tabIndex: -1 });
    this.panel = element('section', {}, [title, this.state, this.detail, this.controls]);
    this.panel.setAttribute('aria-labelledby', id);
    this.#showSignedOut('No socket');
  }

  showEnded(text) {
    this.#show('ended', 'Signed out', text, [['Sign in', () => this.#signIn(), true]]);
  }

  #showSignedOut(text) {
    this.#show('out', 'Signed out', text, [['Sign in', () => this.#signIn(), true]]);
  }

  #showSignedIn(user) {
    this.#show('in', `Signed in as ${user}`, 'Socket opening …', [
      ['Sign the other one out', () => this.#signOutElsewhere(), true],
      ['Sign out', () => this.#signOut(), false],
    ]);
  }

  #show(state, text, detail, controls) {
    const hadFocus = this.controls.contains(document.activeElement);
    this.panel.className = `device ${state}`;
    this.state.textContent = text;
    this.detail.textContent = detail;
    this.controls.replaceChildren(...controls.map((each) => this.#button(...each)));
    if (hadFocus) this.controls.firstElementChild.focus();
  }

  #button(text, task, isMain) {
    const made = element('button', {
      type: 'button',
      textContent: text,
      className: isMain ? 'main' : '',
      onclick: () => attempt('devices-notice', task),
    });
    made.setAttribute('aria-label', `${text} (${this.name})`);
    return made;
  }

  #send(path) {
    return send('POST', `live/devices/${path}?as=${this.name.toLowerCase()}`);
  }

  async #signIn() {
    const { user } = await this.#send('sign-in');
    this.#showSignedIn(user);
    this.#connect();
  }

  async #signOut() {
    await this.#send('sign-out');
    say('devices-notice', `The ${this.name} has signed out.`);
  }

  async #signOutElsewhere() {
    this.on.pressed();
    const { ended } = await this.#send('sign-out-elsewhere');
    if (ended === 0) say('devices-notice', 'The other one was not signed in.');
  }

  #connect() {
    const url = new URL(`live/devices/socket?as=${this.name.toLowerCase()}`, document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#answers = 0;
    const ask = () => socket.send('{"event":"who"}');
    let asking;
    socket.onopen = () => {
      ask();
      asking = setInterval(ask, ASK_INTERVAL_MS);
    };
    socket.onmessage = () => {
      this.#answers += 1;
      this.detail.textContent = `Socket open, answers: ${this.#answers}`;
    };
    socket.onclose = ({ code }) => {
      clearInterval(asking);
      // That of an earlier sign-in.
      if (socket !== this.#socket) return;
      this.#showSignedOut(code === SESSION_ENDED ? 'Socket closed: session ended' : 'Socket lost');
      if (code === SESSION_ENDED) this.on.ended();
    };
  }
}
