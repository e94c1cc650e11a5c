/** What holds for the session of an order, whatever keeps it: the buyer's clicks, in a sandbox. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';

import { ConfigurationError, ConflictError, FastStar, ServerError, Session, ValidationError } from 'faststar';
import { openSession } from 'faststar/orders';
import { Sandbox } from 'faststar/testing';

const cart = (quantity = 1, host = 'shop.test') => ({
  mode: 'payment',
  presentation: 'iframe',
  line_items: [{ ad_hoc_amount: 999, ad_hoc_currency: 'USD', quantity }],
  success_url: `https://${host}/thanks`,
  cancel_url: `https://${host}/`,
});

/** Tests a store. `open(t)` gives stores of one database, one for each call of it: as of several processes. */
export function ordersContract(name, open) {
  let sandbox;
  before(async () => (sandbox = await Sandbox.start()));
  after(() => sandbox.close());

  const shop = async (t) => {
    const store = await open(t);
    const merchant = await sandbox.merchant();
    t.after(() => merchant.close());
    const orders = store();
    const { client } = merchant;
    /** A click in this process. */
    const click = (reference, params = cart(), options) => openSession(reference, params, { client, orders, ...options });
    /** A click in another process. */
    const elsewhere = (reference, params) => click(reference, params, { client: new FastStar(merchant.apiKey, { baseUrl: merchant.baseUrl }), orders: store() });
    return { merchant, orders, click, elsewhere, store };
  };

  test(`${name}: the first click opens a session, and the next ones get the same`, async (t) => {
    const { click, elsewhere, orders } = await shop(t);
    const first = await click('order_1');
    assert.equal(first.status, 'open');
    assert.equal(first.session.client_reference_id, 'order_1');
    assert.match(first.url, new RegExp(`/checkout/${first.session.id}\\?token=`));
    for (const again of [await click('order_1'), await elsewhere('order_1')]) {
      assert.deepEqual([again.status, again.session.id, again.url], ['open', first.session.id, first.url]);
    }
    assert.notEqual((await click('order_2')).session.id, first.session.id);
    const [{ params, state, sessionId, ...rest }, ...others] = await orders.list('order_1');
    assert.deepEqual([state, sessionId, rest.attempt, others], ['open', first.session.id, 1, []]);
    assert.equal(JSON.parse(params).client_reference_id, 'order_1');
  });

  test(`${name}: forty buyers who click twice at once get one session each`, async (t) => {
    const { click, elsewhere } = await shop(t);
    const numbers = Array.from({ length: 40 }, (_, number) => `order_${number}`);
    const clicks = numbers.flatMap((number) => [click(number), click(number), elsewhere(number)]);
    const ids = (await Promise.all(clicks)).map(({ session }) => session.id);
    assert.equal(new Set(ids).size, 40);
    numbers.forEach((_, index) => assert.equal(new Set(ids.slice(index * 3, index * 3 + 3)).size, 1));
  });

  test(`${name}: forty clicks on one order in several processes end in one session`, async (t) => {
    const { elsewhere, orders } = await shop(t);
    const opened = await Promise.all(Array.from({ length: 40 }, () => elsewhere('order_1')));
    assert.equal(new Set(opened.map(({ session, url }) => `${session.id} ${url}`)).size, 1);
    assert.equal((await orders.list('order_1')).length, 1);
  });

  test(`${name}: another host name, or the fields in another order, is the same session`, async (t) => {
    const { click } = await shop(t);
    const { session, url } = await click('order_1');
    const { mode, line_items, ...rest } = cart();
    const [{ ad_hoc_amount, ...item }] = line_items;
    for (const params of [
      cart(1, 'www.shop.test'),
      { ...rest, line_items: [{ ...item, ad_hoc_amount }], mode, customer_email: undefined },
      { ...cart(), client_reference_id: 'order_1', line_items: [{ ...item, ad_hoc_amount: BigInt(ad_hoc_amount) }] },
    ]) {
      const again = await click('order_1', params);
      assert.deepEqual([again.session.id, again.url], [session.id, url]);
    }
  });

  test(`${name}: a changed cart gets a new session, and the old one can be paid all the same`, async (t) => {
    const { click, elsewhere, merchant } = await shop(t);
    const small = await click('order_1', cart(1));
    const large = await click('order_1', cart(3));
    assert.notEqual(large.session.id, small.session.id);
    assert.equal(large.session.amount_subtotal, 2997);
    assert.equal((await elsewhere('order_1', cart(3))).session.id, large.session.id);
    const german = await click('order_1', { ...cart(3), buyer_country: 'DE' });
    assert.notEqual(german.session.id, large.session.id);

    // In a tab that was left open.
    const receiver = await merchant.webhooks();
    await merchant.complete(small.session.id);
    for (const opened of [await click('order_1', { ...cart(3), buyer_country: 'DE' }), await elsewhere('order_1', cart(4))]) {
      assert.deepEqual([opened.status, opened.session.id, opened.url], ['complete', small.session.id, undefined]);
    }
    // Its webhook finds the order, and the guard judges what it paid.
    const { data } = await receiver.waitFor('payment.succeeded');
    assert.deepEqual([data.client_reference_id, data.checkout_session_id, data.amount], ['order_1', small.session.id, 999]);
  });

  test(`${name}: an expired session is followed by a new one`, async (t) => {
    const { click, merchant, orders } = await shop(t);
    const first = await click('order_1');
    await merchant.expire(first.session.id);
    const second = await click('order_1');
    assert.notEqual(second.session.id, first.session.id);
    await merchant.advance({ hours: 25 });
    const third = await click('order_1');
    assert.deepEqual([third.status, third.session.status], ['open', 'open']);
    assert.deepEqual((await orders.list('order_1')).map(({ state }) => state), ['ended', 'ended', 'open']);
    assert.equal((await click('order_1')).url, third.url);
  });

  test(`${name}: a declined card leaves the session, and a paid order gets no other`, async (t) => {
    const { click, elsewhere, merchant, orders } = await shop(t);
    const first = await click('order_1');
    await merchant.complete(first.session.id, { card: 'declined' });
    const second = await click('order_1');
    assert.deepEqual([second.status, second.url], ['open', first.url]);
    await merchant.complete(first.session.id);
    for (const opened of [await click('order_1'), await elsewhere('order_1', cart(1, 'www.shop.test')), await click('order_1', cart(9))]) {
      assert.deepEqual([opened.status, opened.session.id, opened.session.payment_status], ['complete', first.session.id, 'paid']);
    }
    assert.deepEqual((await orders.list('order_1')).map(({ state }) => state), ['complete']);
    // Also a day later, when no key is known any more.
    await merchant.advance({ hours: 49 });
    assert.equal((await click('order_1')).status, 'complete');
  });

  test(`${name}: a crash before the call, or before its answer is kept, ends in one session`, async (t) => {
    const { click, orders, merchant } = await shop(t);
    const crash = () => Promise.reject(new Error('crash'));
    const unreachable = new FastStar('k', { baseUrl: 'http://127.0.0.1:1', maxRetries: 0 });
    await assert.rejects(click('order_1', cart(), { client: unreachable }));
    const first = await click('order_1');
    assert.equal((await orders.list('order_1')).length, 1);
    assert.equal((await click('order_1', cart(1, 'other.test'))).url, first.url);

    await assert.rejects(click('order_2', cart(), { orders: { ...orders, update: crash } }), /crash/);
    const [{ sessionId, idempotencyKey, params }] = await orders.list('order_2');
    assert.equal(sessionId, null);
    const made = await merchant.client.checkout.sessions.create(JSON.parse(params), { idempotencyKey });
    assert.equal((await click('order_2', cart(1, 'other.test'))).session.id, made.session.id);

    // It was paid in between, which the answer that is kept under the key does not tell.
    await assert.rejects(click('order_3', cart(), { orders: { ...orders, update: crash } }), /crash/);
    const [lost] = await orders.list('order_3');
    const { session } = await merchant.client.checkout.sessions.create(JSON.parse(lost.params), { idempotencyKey: lost.idempotencyKey });
    await merchant.complete(session.id);
    assert.deepEqual([(await click('order_3')).status, (await orders.list('order_3')).length], ['complete', 1]);
  });

  test(`${name}: what is refused can be clicked again; nothing is sold by halves`, async (t) => {
    const { click, orders, merchant } = await shop(t);
    await assert.rejects(click('order_1', cart(0)), (error) => error instanceof ValidationError && error.param === 'line_items[0].quantity');
    assert.equal((await click('order_1', cart(1))).status, 'open');
    const unknown = { ...cart(), line_items: [{ price_id: 'price_unknown', quantity: 1 }] };
    for (let time = 0; time < 2; time += 1) await assert.rejects(click('order_2', unknown), { name: 'NotFoundError' });
    assert.equal((await orders.list('order_2')).length, 1);

    // FastStar is away while the order's session is looked up: no second session.
    const away = { checkout: { sessions: { ...merchant.client.checkout.sessions, retrieve: () => Promise.reject(new ServerError('away')) } } };
    await assert.rejects(click('order_1', cart(), { client: away }), /away/);
    assert.equal((await orders.list('order_1')).length, 2);
  });

  test(`${name}: sessions of a sandbox that is gone are not offered`, async (t) => {
    const { click } = await shop(t);
    const first = await click('order_1');
    const other = await sandbox.merchant();
    t.after(() => other.close());
    const second = await click('order_1', cart(), { client: other.client });
    assert.notEqual(second.session.id, first.session.id);
    assert.equal((await click('order_1', cart(), { client: other.client })).url, second.url);
  });

  test(`${name}: a wrong API key for a while costs no knowledge of what is paid or open`, async (t) => {
    const { click, merchant, orders } = await shop(t);
    const paid = await click('order_1');
    await merchant.complete(paid.session.id);
    assert.equal((await click('order_1')).status, 'complete');
    const open = await click('order_2');
    const { client } = await sandbox.merchant();

    const elsewhere = (error) => error instanceof ConflictError && error.code === 'paid_elsewhere' && error.message.includes(paid.session.id);
    await assert.rejects(click('order_1', cart(), { client }), elsewhere);
    await click('order_2', cart(), { client });
    assert.deepEqual((await orders.list('order_1')).map(({ state }) => state), ['complete']);

    // With the right key again: the old tab is paid, and nobody pays twice.
    assert.equal((await click('order_1')).status, 'complete');
    await merchant.complete(open.session.id);
    const known = await click('order_2');
    assert.deepEqual([known.status, known.session.id], ['complete', open.session.id]);
  });

  test(`${name}: two merchants who open the same number at once get sessions of their own`, async (t) => {
    const { click, merchant } = await shop(t);
    const other = await sandbox.merchant();
    const [mine, theirs] = await Promise.all([click('order_1'), click('order_1', cart(), { client: other.client })]);
    assert.equal((await merchant.client.checkout.sessions.retrieve(mine.session.id)).id, mine.session.id);
    assert.equal((await other.client.checkout.sessions.retrieve(theirs.session.id)).id, theirs.session.id);
  });

  test(`${name}: a session in a status of tomorrow is followed by no other`, async (t) => {
    const { click, merchant, orders } = await shop(t);
    const first = await click('order_1');
    const { sessions } = merchant.client.checkout;
    const retrieve = async (id) => Session.from({ ...(await sessions.retrieve(id)), status: 'processing' });
    const client = { checkout: { sessions: { create: (...given) => sessions.create(...given), retrieve } } };
    assert.equal((await click('order_1', cart(), { client })).session.id, first.session.id);
    assert.deepEqual((await orders.list('order_1')).map(({ state }) => state), ['open']);
  });

  test(`${name}: the url is neither printed nor copied, and cannot be changed`, async (t) => {
    const { click } = await shop(t);
    for (const opened of [await click('order_1'), await click('order_1')]) {
      const token = new URL(opened.url).searchParams.get('token');
      assert.ok(!inspect(opened, { depth: null }).includes(token));
      assert.match(inspect(opened), /\?\[redacted\]/);
      assert.ok(!JSON.stringify([opened, structuredClone(opened), { ...opened }]).includes(token));
      assert.ok(Object.isFrozen(opened));
    }
  });

  test(`${name}: what is misused is told`, async (t) => {
    const { click, orders } = await shop(t);
    for (const [call, param] of [
      [() => click(''), 'client_reference_id'],
      [() => click(7), 'client_reference_id'],
      [() => click('order_1', { ...cart(), client_reference_id: 'order_2' }), 'client_reference_id'],
    ]) {
      await assert.rejects(call, (error) => error instanceof ValidationError && error.param === param);
    }
    for (const [options, param] of [[{ client: undefined }, 'client'], [{ orders: new Map() }, 'orders'], [{ store: 1 }, 'store']]) {
      await assert.rejects(click('order_1', cart(), options), (error) => error instanceof ConfigurationError && error.param === param);
    }
    assert.deepEqual(await orders.list('order_1'), []);
  });
}
