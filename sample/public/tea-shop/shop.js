import { byId, say } from '../shared/dom.js';
import { price, showCart, showProducts } from './cart.js';
import { clock, showDevices } from './devices.js';
import { run, send } from './requests.js';

async function refresh() {
  const page = await send('GET', 'page');
  const { session, visits, userName } = page;
  byId('backend').textContent = `Sessions in: ${page.backend}`;
  byId('visits').textContent = visits;
  byId('visits-word').textContent = visits === 1 ? 'visit' : 'visits';
  showId(session?.id ?? 'none: there is nothing to keep');
  byId('began').textContent = session ? clock.format(new Date(session.createdAt)) : '–';
  byId('ends').textContent = session ? clock.format(new Date(session.expiresAt)) : '–';
  byId('sign-in').hidden = userName !== null;
  byId('signed-in').hidden = userName === null;
  byId('user').textContent = userName ?? '';
  showCart(page.cart, change);
  watch(userName !== null);
  if (userName !== null) showDevices(await send('GET', 'devices'), signOutThere);
}

// The server ends this stream with the session, whoever ends it and wherever.
let stream;
function watch(isSignedIn) {
  byId('devices-card').hidden = !isSignedIn;
  if (!isSignedIn) {
    stream?.close();
    stream = undefined;
    return;
  }
  if (stream) return;
  stream = new EventSource('devices/watch');
  stream.onerror = () =>
    run(async () => {
      if (!stream) return;
      await refresh();
      if (stream) return;
      say('account-notice', 'You have been signed out from another device.');
    });
}

function showId(id) {
  const shown = byId('session-id');
  if (shown.textContent === id) return;
  shown.textContent = id;
  shown.classList.add('fresh');
  setTimeout(() => shown.classList.remove('fresh'), 1500);
}

const change = (method, { sku }) =>
  run(async () => {
    await send(method, `cart/items/${sku}`);
    await refresh();
  });

const signOutThere = (id) =>
  run(async () => {
    await send('DELETE', `devices/${id}`);
    await refresh();
  });

const visit = async () => {
  await send('POST', 'visits');
  await refresh();
};

let products;
const start = async () => {
  await visit();
  products = await send('GET', 'cart/products');
  showProducts(products, change);
};

byId('visit').onclick = () => run(visit);
byId('retry').onclick = () => run(products ? refresh : start);
byId('sign-in').onsubmit = (event) => {
  event.preventDefault();
  const form = event.target;
  const credentials = Object.fromEntries(new FormData(form));
  run(async () => {
    await send('POST', 'account/sign-in', credentials);
    form.reset();
    await refresh();
    byId('sign-out').focus();
  });
};
byId('sign-out').onclick = () =>
  run(async () => {
    watch(false);
    await send('POST', 'account/sign-out');
    await refresh();
    say('account-notice', 'You have signed out.');
    // Not a field of the form: a phone's keyboard would cover what the page says.
    byId('account').scrollIntoView();
    byId('account-title').focus({ preventScroll: true });
  });
byId('sign-out-elsewhere').onclick = () =>
  run(async () => {
    await send('DELETE', 'devices');
    await refresh();
    byId('devices-title').focus();
  });
byId('order').onclick = () =>
  run(async () => {
    const { totalCents } = await send('POST', 'cart/order');
    await refresh();
    say('notice', `Thank you. You ordered for ${price(totalCents)}.`);
    byId('cart-title').focus();
  });

run(start);
