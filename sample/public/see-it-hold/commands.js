import { send } from '../shared/api.js';
import { byId, element, say } from '../shared/dom.js';
import { onPress } from './attempt.js';

const KINDS = {
  anonymous: 'Anonymous',
  read: 'Read',
  write: 'Write',
  signIn: 'Sign-in',
};
/** That of the longest bar. */
const MOST = 5;

export function startCommands() {
  show(Object.keys(KINDS).map((kind) => ({ kind })));
  onPress('count', 'commands-notice', async () => {
    show(await send('POST', 'hold/commands'));
    say('commands-notice', 'Counted just now.');
  });
}

function show(rows) {
  byId('commands').replaceChildren(
    ...rows.map(({ kind, here, expressSession }) =>
      element('tr', {}, [
        element('th', { scope: 'row', textContent: KINDS[kind] }),
        cell(here, 'here'),
        cell(expressSession, 'other'),
      ]),
    ),
  );
}

function cell(commands, side) {
  if (!commands) return element('td', { textContent: '–' });
  const fill = element('span', { className: `fill ${side}`, hidden: commands.length === 0 });
  fill.style.inlineSize = `${(Math.min(commands.length, MOST) / MOST) * 100}%`;
  const bar = element('span', { className: 'bar' }, [fill]);
  bar.setAttribute('aria-hidden', 'true');
  return element('td', {}, [
    element('strong', { textContent: commands.length }),
    bar,
    element('code', { textContent: commands.join(' ') }),
  ]);
}
