import { send } from '../shared/api.js';
import { byId, element, say } from '../shared/dom.js';
import { onPress } from './attempt.js';

const REQUESTS = 50;
const SIDES = { here: 'race-here', expressSession: 'race-express-session' };

export function startRace() {
  for (const id of Object.values(SIDES)) show(id, undefined);
  onPress('race', 'race-notice', async () => {
    for (const id of Object.values(SIDES)) show(id, undefined);
    const result = await send('POST', 'hold/race');
    for (const [side, id] of Object.entries(SIDES)) show(id, result[side]);
    const lost = (side) => REQUESTS - result[side].length || 'none';
    say('race-notice', `Lost here: ${lost('here')}; there: ${lost('expressSession')}.`);
  });
}

/** @param kept the numbers of the requests whose change is there; `undefined` where none were sent */
function show(id, kept) {
  const cells = Array.from({ length: REQUESTS }, (_, index) =>
    element('span', { className: kept && (kept.includes(index + 1) ? 'kept' : 'lost') }),
  );
  byId(id).replaceChildren(...cells);
  const text = kept ? `${kept.length} of ${REQUESTS} kept` : 'Not sent yet';
  byId(id).setAttribute('aria-label', text);
  byId(`${id}-score`).textContent = kept ? text : '–';
}
