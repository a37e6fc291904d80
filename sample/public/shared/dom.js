export const byId = (id) => document.getElementById(id);

export function element(name, properties, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The key finds the button again that had the focus, after a list has been made anew. */
export function button(text, label, key, onclick) {
  const made = element('button', { type: 'button', textContent: text, onclick });
  made.setAttribute('aria-label', label);
  made.dataset.key = key;
  return made;
}

/** Makes the children of a list anew, and gives the focus back, or to what stands for the whole list. */
export function replaceKeepingFocus(list, children, title) {
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.key;
  list.replaceChildren(...children);
  if (focused) (list.querySelector(`[data-key="${focused}"]`) ?? title).focus();
}

export function say(id, text, isBad = false) {
  byId(id).textContent = text;
  byId(id).classList.toggle('bad', isBad);
}
