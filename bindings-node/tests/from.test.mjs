/** Results and events of plain objects, and calls that a test answers in place of FastStar. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { inspect } from 'node:util';

import { CreatedSession, FastStar, List, NotFoundError, Price, Product, Session, WebhookEvent, webhooks } from 'faststar';
import { CREATED, ok, REQUEST, serve, SESSION } from './support.mjs';

const client = () => new FastStar('k', { baseUrl: 'http://127.0.0.1:9' });

const PRODUCT = { id: 'prod_1', name: 'Tea', images: [], metadata: { shelf: '3' }, new: [{ a: 1 }] };
const PRICE = { id: 'price_1', product_id: 'prod_1', currency: 'USD', unit_amount: 999, type: 'one_time' };

for (const [name, made, fields, call] of [
  ['Session', Session, SESSION, (client) => client.checkout.sessions.retrieve('cs_1')],
  ['CreatedSession', CreatedSession, CREATED, (client) => client.checkout.sessions.create(REQUEST)],
  ['Product', Product, PRODUCT, (client) => client.catalog.products.create({ name: 'Tea' })],
  ['Price', Price, PRICE, (client) => client.catalog.prices.create({ product_id: 'p', currency: 'USD', unit_amount: 1 })],
]) {
  test(`${name}.from makes what a call answers`, async (t) => {
    const server = await serve(t, () => ok(fields));
    const answered = await call(new FastStar('k', { baseUrl: server.url }));
    const result = made.from({ ...fields, requestId: 'req_1' });
    assert.deepEqual(result, answered);
    assert.deepEqual(
      [result.requestId, result.url, result.session_token],
      [answered.requestId, answered.url, answered.session_token],
    );
    assert.equal(inspect(result), inspect(answered));
    assert.ok(!inspect(result, { depth: 9 }).includes('CANARY'));
    assert.throws(() => (result.id = 'x'), TypeError);
    // A result is taken as a plain object is, but for the secrets that a copy has not.
    if (!inspect(fields).includes('CANARY')) assert.deepEqual(made.from(answered), made.from(fields));
  });
}

test('fields that are left out are as in an answer without them', () => {
  const session = Session.from({ id: 'cs_1', status: 'complete', customer_email: undefined });
  assert.deepEqual({ ...session }, { id: 'cs_1', status: 'complete', amount_subtotal: 0, amount_tax: 0, amount_total: 0, currency: '' });
  assert.equal(session.requestId, undefined);
});

for (const [act, param] of [
  [() => Session.from({ status: 'open' }), 'id'],
  [() => Session.from({ id: 'cs_1', status: 1 }), 'status'],
  [() => Session.from({ id: 'cs_1', status: 'open', amount_total: 9.5 }), 'amount_total'],
  [() => Session.from({ id: 'cs_1', status: 'open', amount_total: NaN }), 'amount_total'],
  [() => CreatedSession.from({ session: { id: 'cs_1' }, url: 'https://a' }), 'session.status'],
  [() => CreatedSession.from({ session: { id: 'cs_1', status: 'open' } }), 'url'],
  [() => Product.from({ name: 'Tea' }), 'id'],
  [() => Price.from({ ...PRICE, unit_amount: '999' }), 'unit_amount'],
  [() => WebhookEvent.from({ id: 'evt_1', data: {} }), 'type'],
  [() => WebhookEvent.from({ id: 'evt_1', type: 'x', data: new Date() }), 'data'],
]) {
  test(`a result that no call answers is refused with the place: ${`${act}`.slice(6)}`, () => {
    assert.throws(act, (error) => {
      assert.equal(error.name, 'ValidationError');
      assert.ok(error.param === param || error.message.includes(param), `${error.param}: ${error.message}`);
      return true;
    });
  });
}

test('an event of a plain object is what verify gives', () => {
  const fields = { id: 'evt_1', type: 'payment.succeeded', created: 1769900000, livemode: false, api_version: 'v1' };
  const data = { payment_id: 'pi_1', amount: 1079, currency: 'USD', status: 'succeeded', batch: 2n ** 80n };
  const event = WebhookEvent.from({ ...fields, data });
  const body = JSON.stringify({ ...fields, data: { ...data, batch: 0 } }).replace('"batch":0', `"batch":${2n ** 80n}`);
  assert.deepEqual(event, webhooks.verify(body, webhooks.signForTest(body, 's'), 's'));
  assert.throws(() => (event.data.amount = 1), TypeError);
});

test('the calls of a client are replaced one by one', async (t) => {
  const { checkout, catalog } = client();
  const created = CreatedSession.from({ session: { id: 'cs_1', status: 'open' }, url: 'https://cashier.faststarpay.com/checkout/cs_1' });
  const create = t.mock.method(checkout.sessions, 'create', async () => created);
  assert.equal(await checkout.sessions.create(REQUEST), created);
  assert.deepEqual(create.mock.calls[0].arguments, [REQUEST]);
  t.mock.method(checkout.sessions, 'retrieve', async (id) => {
    throw new NotFoundError(`no session ${id}`, { code: 'not_found', status: 404 });
  });
  await assert.rejects(checkout.sessions.retrieve('cs_2'), { name: 'NotFoundError', status: 404 });
  const products = [Product.from({ id: 'prod_1' }), Product.from({ id: 'prod_2' })];
  t.mock.method(catalog.products, 'list', () => List.from(products));
  const ids = [];
  for await (const { id } of catalog.products.list()) ids.push(id);
  assert.deepEqual(ids, ['prod_1', 'prod_2']);
  const page = await catalog.products.list();
  assert.deepEqual([page.items, page.next_cursor, await page.nextPage()], [products, null, null]);
  t.mock.restoreAll();
  // Another client's calls, and these again, are the real ones: nothing listens there.
  await assert.rejects(checkout.sessions.create(REQUEST, { maxRetries: 0 }), { name: 'APIConnectionError' });
});

test('one mock serves every client', async () => {
  const { constructor } = client().checkout.sessions;
  const method = mock.method(constructor.prototype, 'retrieve', async (id) => Session.from({ id, status: 'expired' }));
  try {
    assert.equal((await client().checkout.sessions.retrieve('cs_7')).status, 'expired');
  } finally {
    method.mock.restore();
  }
});
