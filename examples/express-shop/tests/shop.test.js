/** The whole way, over sockets: a buyer, the shop's own process, a sandbox that sends webhooks. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { webhooks } from 'faststar';
import { Sandbox } from 'faststar/testing';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.close());

/** The shop as a process of its own, with a database in a file and a merchant in the sandbox. */
class Shop {
  static async open(t, { folder, merchant }) {
    const shop = new Shop();
    const file = join(folder, 'shop.db');
    // Of node:sqlite, which older versions call experimental.
    const quiet = { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' };
    shop.env = { ...process.env, ...quiet, ...merchant.env, PORT: '0', SHOP_DATABASE: file };
    shop.child = spawn(process.execPath, ['server.js'], {
      cwd: FOLDER,
      env: shop.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => shop.child.kill());
    shop.log = '';
    shop.child.stderr.on('data', (text) => (shop.log += text));
    const [line] = await once(createInterface(shop.child.stdout), 'line');
    shop.url = /http:\S+(?=\/)/.exec(line)[0];
    shop.webhook = `${shop.url}/webhooks/faststar`;
    shop.database = new DatabaseSync(file, { readOnly: true });
    t.after(() => shop.database.close());
    return shop;
  }

  async close() {
    this.child.kill();
    return once(this.child, 'exit');
  }

  /** Counts what left the shelf. */
  sold = (poster = 'pocket-atlas') => {
    const { sheets } = this.database.prepare('SELECT sheets FROM stock WHERE poster = ?').get(poster);
    return 40 - sheets;
  };

  post(path, body, url = this.url) {
    const headers = { 'content-type': 'application/json' };
    return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  }
}

async function open(t) {
  const folder = mkdtempSync(join(tmpdir(), 'express-shop-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const merchant = await sandbox.merchant();
  t.after(() => merchant.close());
  const shop = await Shop.open(t, { folder, merchant });
  await merchant.deliverTo(shop.webhook);
  return { folder, merchant, shop };
}

const ATLAS = { lines: [{ poster: 'pocket-atlas', quantity: 1 }], country: 'US' };

/** Does what the page does, and gives the buyer's way to what came of it. */
async function order(shop, cart = ATLAS, host = shop.url) {
  const answer = await shop.post('/api/checkout', { id: randomUUID(), ...cart }, host);
  assert.equal(answer.status, 200, shop.log);
  const { status, url, ...rest } = await answer.json();
  assert.deepEqual([status, rest], ['open', {}]);
  const cookie = answer.headers.get('set-cookie');
  assert.match(cookie, /HttpOnly; SameSite=Lax$/);
  const session = /\/checkout\/(cs_\w+)\?token=/.exec(url)[1];
  const look = async () => (await fetch(`${shop.url}/api/order`, { headers: { cookie } })).json();
  return { url, session, look };
}

test('an order is paid exactly once, and redelivery has no second effect', async (t) => {
  const { merchant, shop } = await open(t);
  const { session, look } = await order(shop);
  const told = await look();
  assert.deepEqual([told.state, told.place, told.tax, told.total], ['pending', 'United States', '0.80 USD', '10.79 USD']);
  assert.equal(shop.sold(), 0);

  const { client_reference_id, success_url } = await merchant.client.checkout.sessions.retrieve(session);
  assert.deepEqual([client_reference_id, success_url], [told.id, `${shop.url}/thanks`]);

  await merchant.complete(session);
  assert.equal((await look()).state, 'paid');
  assert.equal(shop.sold(), 1);
  await merchant.expectProcessedOnce(shop.sold, { times: 3, atOnce: 8 });
  assert.equal((await look()).state, 'paid');
  assert.equal(shop.log, '');
});

test('forty buyers click twice at once, and each has one session', async (t) => {
  const { merchant, shop } = await open(t);
  const carts = Array.from({ length: 40 }, () => ({ ...ATLAS, id: randomUUID() }));
  const clicks = await Promise.all(carts.flatMap((cart) => [order(shop, cart), order(shop, cart)]));
  assert.equal(new Set(clicks.map(({ session }) => session)).size, 40);
  const { session, look } = clicks[0];
  assert.equal(clicks[1].session, session);
  await merchant.complete(session);
  assert.deepEqual([(await look()).state, shop.sold(), shop.log], ['paid', 1, '']);
});

test('an order has one open session through its life, and gets none once it is paid', async (t) => {
  const { merchant, shop } = await open(t);
  const cart = { ...ATLAS, id: randomUUID() };
  const first = await order(shop, cart);
  assert.equal((await order(shop, cart)).url, first.url);
  // Through another host name.
  assert.equal((await order(shop, cart, shop.url.replace('127.0.0.1', 'localhost'))).url, first.url);
  await merchant.complete(first.session, { card: 'declined' });
  assert.equal((await order(shop, cart)).url, first.url);

  const changed = { ...cart, lines: [{ poster: 'pocket-atlas', quantity: 2 }] };
  const second = await order(shop, changed);
  assert.notEqual(second.session, first.session);
  assert.equal((await second.look()).total, '21.58 USD');
  await merchant.expire(second.session);
  const third = await order(shop, changed);
  assert.notEqual(third.session, second.session);

  await merchant.complete(third.session);
  assert.deepEqual([(await third.look()).state, shop.sold()], ['paid', 2]);
  for (const click of [cart, changed]) {
    const answer = await shop.post('/api/checkout', click);
    assert.deepEqual([answer.status, await answer.json()], [200, { status: 'complete' }]);
  }
  assert.deepEqual((await third.look()).lines, [{ poster: 'pocket-atlas', quantity: 2 }]);
});

test('a session that is paid although a newer one exists is judged by the order as it is', async (t) => {
  const { merchant, shop } = await open(t);
  const cart = { ...ATLAS, id: randomUUID() };
  const old = await order(shop, cart);
  const newer = await order(shop, { ...cart, lines: [{ poster: 'hunter', quantity: 1 }] });
  await merchant.complete(old.session);
  assert.deepEqual([(await newer.look()).state, shop.sold(), shop.sold('hunter')], ['review', 0, 0]);
  const answer = await shop.post('/api/checkout', cart);
  assert.deepEqual(await answer.json(), { status: 'complete' });
});

test('an event is done also for a shop that was restarted', async (t) => {
  const { folder, merchant, shop } = await open(t);
  const { session } = await order(shop);
  await merchant.complete(session);
  assert.deepEqual(await shop.close(), [0, null], shop.log);

  const again = await Shop.open(t, { folder, merchant });
  assert.equal(again.sold(), 1);
  const to = async (body, headers) => (await fetch(again.webhook, { method: 'POST', headers, body })).status;
  assert.deepEqual(await merchant.replay(to), [200]);
  await merchant.expectProcessedOnce(again.sold, { to });
});

test('webhooks go wrong and the order is paid in the end', async (t) => {
  const { merchant, shop } = await open(t);
  const { session, look } = await order(shop);
  await merchant.deliver({ drop: 1, dropAnswer: 1, duplicate: 1 });
  await merchant.complete(session);
  assert.equal((await look()).state, 'pending');
  await merchant.advance({ hours: 1 });
  await merchant.deliver();
  assert.equal((await look()).state, 'paid');
  assert.equal(shop.sold(), 1);
});

test('a card that is declined pays nothing', async (t) => {
  const { merchant, shop } = await open(t);
  const { session, look } = await order(shop);
  await merchant.complete(session, { card: 'declined' });
  assert.deepEqual([(await look()).state, shop.sold()], ['pending', 0]);
  await merchant.complete(session);
  assert.deepEqual([(await look()).state, shop.sold()], ['paid', 1]);
});

let forged = 0;

/** Signs an event of the test's own making and posts it; gives the answer's status. */
async function forge(shop, secret, data) {
  const payment = { payment_id: 'pi_1', amount: 1079, currency: 'USD', status: 'succeeded', ...data };
  const created = Math.floor(Date.now() / 1000);
  const id = `evt_${(forged += 1)}`;
  const event = { id, type: 'payment.succeeded', created, data: payment, livemode: false, api_version: 'v1' };
  const body = JSON.stringify(event);
  const headers = { [webhooks.signatureHeader]: webhooks.signForTest(body, secret), [webhooks.idHeader]: id };
  return (await fetch(shop.webhook, { method: 'POST', headers, body })).status;
}

for (const wrong of [{ amount: 1078 }, { amount: 1080 }, { currency: 'JPY' }]) {
  test(`what pays ${JSON.stringify(wrong)} instead of 10.79 USD is not shipped`, async (t) => {
    const { merchant, shop } = await open(t);
    const { look } = await order(shop);
    const { id } = await look();
    assert.equal(await forge(shop, merchant.webhookSecret, { client_reference_id: id, ...wrong }), 200);
    assert.deepEqual([(await look()).state, shop.sold()], ['review', 0]);
  });
}

test('who does not know the secret pays nothing', async (t) => {
  const { shop } = await open(t);
  const { look } = await order(shop);
  const { id } = await look();
  assert.equal(await forge(shop, 'whsec_of_another', { client_reference_id: id }), 400);
  assert.deepEqual([(await look()).state, shop.sold()], ['pending', 0]);
  assert.match(shop.log, /refused a webhook/);
});

test('a buyer who names another place in the cashier pays its tax, and gets the goods', async (t) => {
  const { merchant, shop } = await open(t);
  const { url, session, look } = await order(shop);
  const token = new URL(url).searchParams.get('token');
  const moved = await fetch(`${sandbox.url}/cashier/v1/sessions/${session}/country`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, buyer_country: 'DE' }),
  });
  assert.equal(moved.status, 200, await moved.text());
  await merchant.complete(session);
  const paid = await look();
  assert.deepEqual([paid.state, paid.place, paid.total], ['paid', 'Germany', '9.99 USD']);
  assert.equal(shop.sold(), 1);
  await merchant.expectProcessedOnce(shop.sold);
});

test('a payment of no order changes nothing, and a second one of an order is for a person', async (t) => {
  const { merchant, shop } = await open(t);
  const { session, look } = await order(shop);
  const { id } = await look();
  const pay = (data) => forge(shop, merchant.webhookSecret, data);
  assert.equal(await pay({ client_reference_id: 'of-another-shop' }), 200);
  assert.equal(await pay({}), 200);
  assert.equal(shop.log.match(/was given up: pi_1 is for no order of this shop/g).length, 2);
  // A person sees them, and can run them again.
  const inbox = (...args) => execFileSync(process.execPath, ['inbox.js', ...args], { cwd: FOLDER, env: shop.env, encoding: 'utf8', stdio: 'pipe' });
  const rows = inbox().trim().split('\n');
  assert.equal(rows.length, 2);
  assert.match(rows[0], / evt_\d+ payment\.succeeded given_up pi_1 is for no order of this shop$/);
  const [event] = /evt_\d+/.exec(rows[0]);
  assert.equal(inbox('replay', event), `${event} given_up\n`);
  assert.equal(inbox('replay'), '');
  assert.deepEqual([(await look()).state, shop.sold()], ['pending', 0]);
  await merchant.complete(session);
  assert.equal(await pay({ client_reference_id: id, payment_id: 'pi_second' }), 200);
  assert.deepEqual([(await look()).state, shop.sold()], ['review', 1]);
});

test('the browser says what and how many, and never what it costs', async (t) => {
  const { merchant, shop } = await open(t);
  const [line] = ATLAS.lines;
  const cheap = { ...ATLAS, lines: [{ ...line, amount: 1, price_id: 'price_1' }] };
  const { look } = await order(shop, cheap);
  assert.equal((await look()).total, '10.79 USD');
  for (const cart of [
    undefined,
    { lines: [], country: 'US' },
    { ...ATLAS, country: 'XX' },
    { ...ATLAS, country: 'toString' },
    { ...ATLAS, lines: [{ ...line, quantity: 0 }] },
    { ...ATLAS, lines: [{ ...line, quantity: 1.5 }] },
    { ...ATLAS, lines: [{ ...line, quantity: 21 }] },
    { ...ATLAS, lines: [line, line] },
    { ...ATLAS, lines: [{ poster: 'no-such-poster', quantity: 1 }] },
    { ...ATLAS, lines: [null] },
  ]) {
    const id = randomUUID();
    for (const path of ['/api/checkout', '/api/quote']) {
      const answer = await shop.post(path, cart && { id, ...cart });
      assert.deepEqual([answer.status, await answer.json()], [400, { error: { code: 'invalid_cart' } }]);
    }
  }
  for (const id of [undefined, '1', '../1', [randomUUID()], { toString: 1 }]) {
    assert.equal((await shop.post('/api/checkout', { ...ATLAS, id })).status, 400);
  }
  const headers = { 'content-type': 'application/json' };
  const malformed = await fetch(`${shop.url}/api/quote`, { method: 'POST', headers, body: '{"lines":' });
  assert.deepEqual([malformed.status, await malformed.json()], [400, { error: { code: 'malformed_json' } }]);
  // Another buyer sees nothing of it.
  assert.equal((await fetch(`${shop.url}/api/order`)).status, 404);
  assert.equal((await merchant.events()).length, 0);
});

test('the estimate is what the buyer then pays', async (t) => {
  const { shop } = await open(t);
  const lines = [{ poster: 'hunter', quantity: 3 }, { poster: 'great-comet', quantity: 2 }];
  for (const country of ['US', 'US-CA', 'DE', 'FR', 'GB', 'JP']) {
    const quote = await (await shop.post('/api/quote', { lines, country })).json();
    const { look } = await order(shop, { lines, country });
    const { tax, total } = await look();
    assert.deepEqual([tax, total], [quote.tax, quote.total], country);
    assert.equal(quote.included, !country.startsWith('US'));
  }
});

test('the pages take FastStar.js from where the cashier is, and all that they name is there', async (t) => {
  const { shop } = await open(t);
  for (const page of ['/', '/thanks']) {
    const html = await (await fetch(shop.url + page)).text();
    const named = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path]) => path);
    const own = named.filter((path) => path.startsWith('/'));
    for (const path of own) assert.equal((await fetch(shop.url + path)).status, 200, path);
    const others = named.filter((path) => path.startsWith('http'));
    assert.deepEqual(others, page === '/' ? [`${sandbox.url}/sdk/v1/faststar.min.js`] : []);
  }
  const { posters } = await (await fetch(`${shop.url}/api/catalog`)).json();
  assert.equal(posters.length, 6);
  for (const { id } of posters) assert.equal((await fetch(`${shop.url}/posters/${id}.svg`)).status, 200, id);
});
