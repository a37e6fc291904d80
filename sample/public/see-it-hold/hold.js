import { send } from '../shared/api.js';
import { byId } from '../shared/dom.js';
import { startCommands } from './commands.js';
import { startDevices } from './devices.js';
import { startOutage } from './outage.js';
import { startRace } from './race.js';

startRace();
startDevices();
startCommands();

const { state } = await send('GET', 'hold/redis');
const isMissing = state === 'missing';
byId('missing').hidden = !isMissing;
if (isMissing) {
  for (const each of document.querySelectorAll('.needs-redis')) each.hidden = true;
} else {
  startOutage(state);
}
