import { button, byId, replaceKeepingFocus } from '../shared/dom.js';
import { itemElement } from './items.js';

export const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** `signOutThere` is called with the id of a session. */
export function showDevices(devices, signOutThere) {
  byId('others').hidden = devices.length < 2;
  byId('alone').hidden = devices.length > 1;
  const elements = devices.map((device) => deviceElement(device, signOutThere));
  replaceKeepingFocus(byId('devices'), elements, byId('devices-title'));
}

function deviceElement({ id, agent, address, signedInAt, isThis }, signOutThere) {
  const since = `since ${clock.format(new Date(signedInAt))}, from ${address}`;
  const name = deviceName(agent);
  if (isThis) return itemElement(`${name} (this one)`, since, []);
  const label = `Sign out there: ${name}, ${since}`;
  const out = button('Sign out there', label, `device-${id}`, () => signOutThere(id));
  return itemElement(name, since, [out]);
}

/** Roughly: a real application takes a library for it. */
function deviceName(agent) {
  const browser = /Firefox|Edg|Chrome|Safari/.exec(agent)?.[0].replace('Edg', 'Edge');
  const system = /Android|iPhone|iPad|Windows|Macintosh|Linux/.exec(agent)?.[0];
  return [browser ?? 'A browser', system && `on ${system}`].filter(Boolean).join(' ');
}
