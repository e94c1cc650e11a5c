/** The shop: its pages, its checkout, and the webhook that says that money has come. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import express from 'express';
import { checkPayment, formatMoney, quote } from 'faststar';
import { checkout, webhook } from 'faststar/express';
import { GiveUp, sqliteInbox } from 'faststar/inbox';
import { sqliteOrders } from 'faststar/orders';

import { CURRENCY, PLACES, POSTERS } from './catalog.js';
import { Orders } from './orders.js';

const PUBLIC = fileURLToPath(new URL('public', import.meta.url));
const COOKIE = 'order';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const MOST = 20;
const AMOUNTS = new Map(POSTERS.map(({ id, amount }) => [id, amount]));

/**
 * Says what happens on events; `inbox.js` replays them with the same.
 *
 * @param {object} options
 * @param {import('node:sqlite').DatabaseSync} options.database
 * @param {import('faststar').FastStar} options.faststar
 */
export function eventsOf({ database, faststar }) {
  const orders = new Orders(database);
  return {
    inbox: sqliteInbox(database),
    // Before the transaction, since one of SQLite cannot wait: the session that was paid tells why an amount
    // may be another one. The buyer may have named another place in the cashier, with another tax.
    prepare: async ({ type, data }) =>
      type === 'payment.succeeded' && data.checkout_session_id
        ? faststar.checkout.sessions.retrieve(data.checkout_session_id)
        : undefined,
    on: {
      // In one transaction with the inbox's row, so once for each event.
      'payment.succeeded': (event, _database, session) => fulfill(event, session, orders),
      // The buyer sees it in the cashier, and tries another card.
      'payment.failed': () => {},
    },
  };
}

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
  app.post('/webhooks/faststar', webhook(eventsOf({ database, faststar })));

  app.use(express.json());

  app.post(
    '/api/checkout',
    (request, response, next) => {
      const cart = readCart(request.body);
      // The page's number of the cart is the order's, so that a second click is about the same order. It is all
      // that the buyer's cookie holds, so nobody should guess it.
      const { id } = request.body ?? {};
      const isNumbered = typeof id === 'string' && UUID.test(id);
      if (cart === undefined || !isNumbered) return response.status(400).json({ error: { code: 'invalid_cart' } });
      orders.place({ id, ...cart, currency: CURRENCY, subtotal: subtotalOf(cart) });
      request.order = id;
      // The buyer's last order; /thanks shows it.
      response.cookie(COOKIE, id, { httpOnly: true, sameSite: 'lax', secure: request.secure });
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
      {
        client: faststar,
        orders: sqliteOrders(database),
        onOpen: ({ session }, request) => orders.show(request.order, session),
      },
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
 * Fulfills the order of a payment, or sets it aside for a person: then the event is done too, since no retry
 * makes it right.
 *
 * @param {import('faststar').PaymentSucceededEvent} event
 * @param {import('faststar').Session | undefined} session - The one that was paid.
 * @param {Orders} orders
 */
function fulfill(event, session, orders) {
  const { payment_id, client_reference_id } = event.data;
  // A live event may lack the number; its session has it.
  const order = orders.get(client_reference_id ?? session?.client_reference_id);
  if (order === undefined) throw new GiveUp(`${payment_id} is for no order of this shop`);
  if (order.payment_id === payment_id) return; // judged before: the event was replayed
  if (order.payment_id !== null) {
    orders.askForReview(order.id, payment_id, `${payment_id} came for an order that was ${order.state}`);
    return;
  }
  if (session !== undefined) orders.show(order.id, session);
  const check = checkPayment(event, { amount: order.subtotal, currency: order.currency }, session);
  if (check.isPaid) orders.markPaid(order.id, payment_id);
  else orders.askForReview(order.id, payment_id, check.message);
}

/** Reads a cart of the browser, which says what and how many, and never what it costs. */
function readCart(body) {
  const { lines, country } = body ?? {};
  if (!Array.isArray(lines) || lines.length === 0 || !Object.hasOwn(PLACES, country ?? '')) return undefined;
  const known = new Set(AMOUNTS.keys());
  const isLine = (line) =>
    // Each poster once.
    known.delete(line?.poster) && Number.isInteger(line.quantity) && line.quantity >= 1 && line.quantity <= MOST;
  return lines.every(isLine) ? { lines, country } : undefined;
}

/** Gives what a cart costs before tax on top. */
function subtotalOf({ lines }) {
  return lines.reduce((sum, { poster, quantity }) => sum + AMOUNTS.get(poster) * quantity, 0);
}

/** Computes the totals of a cart, offline. */
function estimate({ lines, country: place }) {
  const [country, region] = place.split('-');
  const { subtotal, tax, total, behaviour } = quote({
    currency: CURRENCY,
    lines: lines.map(({ poster, quantity }) => ({ unit_amount: AMOUNTS.get(poster), quantity })),
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
