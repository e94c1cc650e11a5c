/** The shop: its pages, its checkout, and the webhook that says that money has come. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import express from 'express';
import { AmountMismatchError, formatMoney, guardAmount, quote } from 'faststar';
import { checkout, webhook } from 'faststar/express';
import { sqliteInbox } from 'faststar/inbox';

import { CURRENCY, PLACES, POSTERS } from './catalog.js';
import { Orders } from './orders.js';

const PUBLIC = fileURLToPath(new URL('public', import.meta.url));
const COOKIE = 'order';
const MOST = 20;

/**
 * Makes the shop.
 *
 * @param {object} options
 * @param {import('node:sqlite').DatabaseSync} options.database
 * @param {import('faststar').FastStar} options.faststar
 * @param {string} options.cashier - Where FastStar.js comes from.
 */
export function createShop({ database, faststar, cashier }) {
  const orders = new Orders(database);
  const app = express();
  app.disable('x-powered-by');

  // Before the parsers: it takes the raw bytes, which alone are signed.
  app.post(
    '/webhooks/faststar',
    webhook({
      inbox: sqliteInbox(database),
      // In one transaction with the inbox's row, so once for each event.
      on: { 'payment.succeeded': (event) => fulfil(event, orders) },
      onProcessed: (event) => reconsider(event, orders, faststar),
    }),
  );

  app.use(express.json());

  app.post(
    '/api/checkout',
    (request, response, next) => {
      const cart = readCart(request.body);
      if (cart === undefined) return response.status(400).json({ error: { code: 'invalid_cart' } });
      request.order = orders.place(cart.lines, cart.country);
      // The buyer's last order; /thanks shows it.
      response.cookie(COOKIE, request.order, { httpOnly: true, sameSite: 'lax', secure: request.secure });
      next();
    },
    checkout(
      (request) => {
        const { country, lines } = orders.get(request.order);
        const here = `${request.protocol}://${request.host}`;
        return {
          mode: 'payment',
          presentation: 'iframe',
          line_items: lines.map(({ poster, quantity }) => ({ price_id: orders.priceOf(poster), quantity })),
          buyer_country: country,
          success_url: `${here}/thanks`,
          cancel_url: `${here}/`,
          client_reference_id: request.order,
        };
      },
      { client: faststar, onCreated: ({ session }, request) => orders.charge(request.order, session) },
    ),
  );

  app.get('/api/order', (request, response) => {
    const order = orders.get(cookieOf(request));
    response.set('cache-control', 'no-store');
    if (!order?.session_id) return response.status(404).json({ error: { code: 'not_found' } });
    const { id, state, country, currency, tax, total, lines } = order;
    response.json({
      id,
      state,
      place: PLACES[country] ?? country,
      lines,
      tax: formatMoney(tax, currency),
      total: formatMoney(total, currency),
    });
  });

  app.get('/api/catalog', (_request, response) => {
    const posters = POSTERS.map((poster) => ({ ...poster, price: formatMoney(poster.amount, CURRENCY) }));
    response.json({ posters, places: PLACES, most: MOST });
  });

  app.post('/api/quote', (request, response) => {
    const cart = readCart(request.body);
    if (cart === undefined) return response.status(400).json({ error: { code: 'invalid_cart' } });
    response.json(estimate(cart));
  });

  // The pages name the cashier, whose FastStar.js opens it over the shop.
  for (const [path, file] of [['/', 'index.html'], ['/thanks', 'thanks.html']]) {
    const page = readFileSync(`${PUBLIC}/${file}`, 'utf8').replaceAll('{{cashier}}', cashier);
    app.get(path, (_request, response) => response.type('html').send(page));
  }
  app.use(express.static(PUBLIC, { index: false }));
  app.use(refuseMalformed);
  return app;
}

/** Answers what `express.json()` cannot read, instead of Express's page with the stack. */
function refuseMalformed(error, _request, response, next) {
  if (error.type !== 'entity.parse.failed') return next(error);
  response.status(400).json({ error: { code: 'malformed_json' } });
}

/**
 * Fulfils an order.
 *
 * @param {import('faststar').PaymentSucceededEvent} event
 * @param {Orders} orders
 */
function fulfil(event, orders) {
  const order = orders.get(event.data.client_reference_id);
  if (order === undefined) return console.warn(`${event.id} is about no order of this shop`);
  if (order.state !== 'pending') {
    return orders.askForReview(order.id, `${event.data.payment_id} came for an order that was ${order.state}`);
  }
  try {
    const { payment_id } = guardAmount(event, { amount: order.total, currency: order.currency });
    orders.markPaid(order.id, payment_id);
  } catch (error) {
    if (!(error instanceof AmountMismatchError)) throw error;
    // No retry makes it right, so the event is done and a person decides.
    orders.askForReview(order.id, error.message);
  }
}

/**
 * Fulfils an order whose buyer has named another place in the cashier: the goods cost the same and the tax
 * does not. It is asked for here, since a transaction of SQLite cannot wait for an answer.
 */
async function reconsider(event, orders, faststar) {
  const order = event.type === 'payment.succeeded' ? orders.get(event.data.client_reference_id) : undefined;
  if (order?.state !== 'review' || order.payment_id !== null) return;
  const session = await faststar.checkout.sessions.retrieve(order.session_id);
  if (session.status !== 'complete' || session.amount_subtotal !== order.subtotal) return;
  const { payment_id } = guardAmount(event, { amount: session.amount_total, currency: session.currency });
  orders.charge(order.id, session);
  orders.markPaid(order.id, payment_id);
}

/** Reads a cart of the browser, which says what and how many, and never what it costs. */
function readCart(body) {
  const { lines, country } = body ?? {};
  if (!Array.isArray(lines) || lines.length === 0 || !Object.hasOwn(PLACES, country ?? '')) return undefined;
  const known = new Set(POSTERS.map(({ id }) => id));
  const isLine = (line) =>
    // Each poster once.
    known.delete(line?.poster) && Number.isInteger(line.quantity) && line.quantity >= 1 && line.quantity <= MOST;
  return lines.every(isLine) ? { lines, country } : undefined;
}

/** Computes the totals of a cart, offline. */
function estimate({ lines, country: place }) {
  const [country, region] = place.split('-');
  const amounts = new Map(POSTERS.map(({ id, amount }) => [id, amount]));
  const { subtotal, tax, total, behaviour } = quote({
    currency: CURRENCY,
    lines: lines.map(({ poster, quantity }) => ({ unit_amount: amounts.get(poster), quantity })),
    country,
    region,
  });
  const [shown, taxes, all] = [subtotal, tax, total].map((amount) => formatMoney(amount, CURRENCY));
  return { subtotal: shown, tax: taxes, total: all, included: behaviour === 'inclusive' };
}

function cookieOf(request) {
  const found = /(?:^|; )order=([\w-]+)/.exec(request.headers.cookie ?? '');
  return found?.[1];
}
