import { byId, say } from '../shared/dom.js';
import { Device } from './device.js';

/** Two devices, of which each tells when somebody signs the other one out. */
export function startDevices() {
  /** When a button was pressed that may end the other's session, and on which device. */
  let pressed;
  const devices = ['Phone', 'Laptop'].map(
    (name) =>
      new Device(name, {
        pressed: () => (pressed = { by: name, atMs: performance.now() }),
        ended: () => tell(name),
      }),
  );
  byId('devices').replaceChildren(...devices.map((device) => device.panel));

  function tell(name) {
    if (!pressed || pressed.by === name) return;
    const ms = Math.max(1, Math.round(performance.now() - pressed.atMs));
    const device = devices.find((each) => each.name === name);
    device.showEnded(`Closed from outside, ${ms} ms after the press`);
    say('devices-notice', `The ${name}’s socket was closed ${ms} ms after you pressed.`);
  }
}
