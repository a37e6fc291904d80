import { button, byId, element, replaceKeepingFocus } from '../shared/dom.js';
import { itemElement } from './items.js';

const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
export const price = (cents) => money.format(cents / 100);

/** `change` is called with a method and a product. */
export function showProducts(products, change) {
  byId('products').replaceChildren(
    ...products.map((product) => {
      const label = `Add ${product.name} to the cart`;
      const add = button('Add', label, `add-${product.sku}`, () => change('POST', product));
      return itemElement(product.name, price(product.priceCents), [add]);
    }),
  );
}

export function showCart({ lines, totalCents }, change) {
  byId('cart-empty').textContent = 'Nothing in it yet.';
  byId('cart-empty').hidden = lines.length > 0;
  byId('cart-full').hidden = lines.length === 0;
  byId('total').textContent = price(totalCents);
  const elements = lines.map((line) => lineElement(line, change));
  replaceKeepingFocus(byId('lines'), elements, byId('cart-title'));
}

function lineElement(line, change) {
  const { name, sku } = line;
  const remove = button('−', `Remove one ${name}`, `remove-${sku}`, () => change('DELETE', line));
  const add = button('+', `Add one ${name}`, `more-${sku}`, () => change('POST', line));
  for (const each of [remove, add]) each.className = 'small';
  const count = element('span', { textContent: line.count });
  return itemElement(name, price(line.priceCents * line.count), [remove, count, add]);
}
