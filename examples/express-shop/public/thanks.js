import { element, empty } from './cart.js';

// What the page says comes from the shop's server, and so from the webhook; not from how the buyer came here.
const TOLD = {
  pending: ['Waiting for the payment', 'One moment.', 'We wait for the confirmation of your payment. This page changes by itself.'],
  paid: ['Paid', 'Thank you.', 'Your charts are being rolled. They leave on Monday.'],
  review: ['Being looked at', 'We look into it.', 'Your payment and your order do not match. Nothing is lost; we write to you today.'],
  none: ['', 'No order yet.', 'There is none that this browser has made.'],
};

const { posters } = await (await fetch('/api/catalog')).json();
const names = new Map(posters.map(({ id, name }) => [id, name]));
const panel = document.querySelector('.panel');

function show(state, order) {
  const [status, title, text] = TOLD[state];
  const shown = document.querySelector('.state');
  shown.textContent = status;
  shown.className = `state ${state}`;
  document.querySelector('h1').textContent = title;
  document.querySelector('.intro').textContent = text;
  panel.hidden = order === undefined;
  if (order === undefined) return;
  for (const place of panel.querySelectorAll('[data-text]')) place.textContent = order[place.dataset.text];
  panel.querySelector('.lines').replaceChildren(
    ...order.lines.map(({ poster, quantity }) =>
      element(
        'li',
        {},
        element('img', { src: `/posters/${poster}.svg`, alt: '', width: 45, height: 60 }),
        element('strong', { textContent: names.get(poster) ?? poster }),
        element('span', { textContent: `× ${quantity}` }),
      ),
    ),
  );
  if (state !== 'pending') empty();
}

async function look() {
  try {
    const answer = await fetch('/api/order');
    if (answer.status === 404) return show('none');
    if (answer.ok) {
      const order = await answer.json();
      show(order.state, order);
      if (order.state !== 'pending') return;
    }
  } catch {
    // The network comes back.
  }
  setTimeout(look, 1500);
}
look();
