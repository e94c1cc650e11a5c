import { cart, element, empty, set, shipTo } from './cart.js';

const post = (path, body) =>
  fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const { posters, places, most } = await (await fetch('/api/catalog')).json();
const byId = new Map(posters.map((poster) => [poster.id, poster]));

const panel = document.getElementById('cart');
const form = panel.querySelector('form');
const pay = form.querySelector('.pay');
const problem = form.querySelector('.error');

// The payment: the server makes a session, FastStar.js opens it over the page.

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  problem.hidden = true;
  pay.disabled = true;
  try {
    const answer = await post('/api/checkout', cart());
    if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
    const { status, url } = await answer.json();
    // This cart is paid, in another tab or before the page was reloaded.
    if (status === 'complete') return location.assign('/thanks');
    // Without FastStar.js the buyer goes to the cashier's own page, and comes back by its links.
    if (!window.FastStar) return location.assign(url);
    await FastStar.checkout.open({ url });
  } catch (error) {
    console.error(error);
    problem.textContent = 'The checkout is not available right now. Nothing was charged.';
    problem.hidden = false;
  } finally {
    pay.disabled = false;
  }
});

// A module runs after the scripts that are deferred, so FastStar.js is here where it could be loaded.
window.FastStar?.on('checkout.success', () => {
  // For the screen alone: the order is fulfilled by the webhook.
  location.assign('/thanks');
});

// The cart.

async function show() {
  const { lines, country } = cart();
  const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const badge = document.querySelector('.count');
  badge.textContent = count;
  badge.hidden = count === 0;
  panel.querySelector('.empty').hidden = count > 0;
  form.hidden = count === 0;
  form.country.value = country;
  form.querySelector('.lines').replaceChildren(...lines.map(line));
  if (count === 0) return;

  const answer = await post('/api/quote', { lines, country });
  if (!answer.ok) return empty(), show();
  const quote = await answer.json();
  for (const amount of form.querySelectorAll('[data-amount]')) {
    amount.textContent = quote[amount.dataset.amount];
  }
  form.querySelector('[data-label="tax"]').textContent = quote.included ? 'Tax, included' : 'Tax';
  pay.textContent = `Pay ${quote.total}`;
}

function line({ poster, quantity }) {
  const { name, id } = byId.get(poster) ?? { name: 'No longer sold', id: poster };
  const less = step(`One ${name} less`, '−', () => set(id, quantity - 1));
  const more = step(`One ${name} more`, '+', () => set(id, Math.min(quantity + 1, most)));
  more.disabled = quantity >= most;
  return element(
    'li',
    {},
    element('img', { src: `/posters/${id}.svg`, alt: '', width: 45, height: 60 }),
    element('strong', { textContent: name }),
    element('span', { className: 'quantity' }, less, element('output', { textContent: quantity }), more),
  );
}

function step(label, sign, change) {
  const button = element('button', { type: 'button', className: 'step', textContent: sign, ariaLabel: label });
  button.addEventListener('click', () => (change(), show()));
  return button;
}

function card({ id, name, about, price }) {
  const button = element('button', { className: 'quiet', textContent: 'Add', ariaLabel: `Add ${name} to the cart` });
  button.addEventListener('click', () => {
    const { lines } = cart();
    const { quantity = 0 } = lines.find(({ poster }) => poster === id) ?? {};
    set(id, Math.min(quantity + 1, most));
    show();
  });
  return element(
    'li',
    { className: 'card' },
    element('img', { src: `/posters/${id}.svg`, alt: '', width: 300, height: 400 }),
    element('h2', { textContent: name }),
    element('p', { textContent: about }),
    element('div', { className: 'buy' }, element('span', { className: 'price', textContent: price }), button),
  );
}

form.country.append(...Object.entries(places).map(([value, name]) => element('option', { value, textContent: name })));
form.country.addEventListener('change', () => (shipTo(form.country.value), show()));
document.getElementById('posters').append(...posters.map(card));
// Another tab has changed it, or the buyer has come back from the cashier.
addEventListener('storage', show);
addEventListener('pageshow', show);
show();
