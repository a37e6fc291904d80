import { element } from '../shared/dom.js';

export function itemElement(name, detail, controls) {
  const text = element('div', {}, [
    element('div', { textContent: name }),
    element('div', { className: 'price', textContent: detail }),
  ]);
  return element('li', {}, [text, element('div', { className: 'count' }, controls)]);
}
