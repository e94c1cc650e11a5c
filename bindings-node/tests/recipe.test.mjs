/** The shop of docs/node.md as it stands there, in each framework, on PostgreSQL, with a sandbox. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import pg from 'pg';

import { webhooks } from 'faststar';
import { replay } from 'faststar/inbox';
import { Sandbox } from 'faststar/testing';
import { startPostgres } from './postgres.mjs';
import { PACKAGE, ROOT } from './support.mjs';

const FILES = ['migrate', 'shop', 'express', 'fastify', 'hono', 'app/webhooks/faststar/route', 'app/checkout/route'];

let folder;
let sandbox;
let merchant;
let pool;
let price;
let door;
let target;
before(async () => {
  // In the package, so that `faststar` and the frameworks are found.
  folder = mkdtempSync(join(PACKAGE, 'tests/recipe-'));
  const text = readFileSync(join(ROOT, 'docs/node.md'), 'utf8');
  const blocks = new Map([...text.matchAll(/^```ts\n\/\/ (\S+)\.ts\n(.*?)^```$/gms)].map(([, name, code]) => [name, code]));
  const sources = FILES.map((name) => {
    const file = join(folder, `${name.replaceAll('/', '-')}.mts`);
    writeFileSync(file, blocks.get(name).replace(/'(\.|@)\/shop(\.js)?'/, "'./shop.mjs'"));
    return file;
  });
  // It compiles in another test; here it is made to run.
  const options = ['--ignoreConfig', '--noCheck', '--skipLibCheck', '--module', 'node16', '--target', 'es2022', '--types', 'node', '--rootDir', folder];
  mkdirSync(join(folder, 'out'));
  execFileSync(join(PACKAGE, 'node_modules/.bin/tsc'), [...options, '--outDir', join(folder, 'out'), ...sources], { stdio: 'inherit' });

  const { host, user, database } = startPostgres();
  Object.assign(process.env, { PGHOST: host, PGUSER: user, PGDATABASE: database });
  pool = new pg.Pool();
  pool.on('error', () => {});
  sandbox = await Sandbox.start();
  merchant = await sandbox.merchant();
  const product = await merchant.client.catalog.products.create({ name: 'Star atlas' });
  // The merchant's one endpoint; the shops come and go.
  door = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const { status } = await fetch(target, { method: 'POST', headers: request.headers, body });
    response.writeHead(status).end();
  });
  await new Promise((ready) => door.listen(0, '127.0.0.1', ready));
  await merchant.deliverTo(`http://127.0.0.1:${door.address().port}/`);
  price = await merchant.client.catalog.prices.create({ product_id: product.id, currency: 'USD', unit_amount: 999 });
});
after(async () => {
  rmSync(folder, { recursive: true });
  await pool?.end();
  door?.close();
  await sandbox?.close();
});

const load = (name) => import(pathToFileURL(join(folder, 'out', `${name}.mjs`)));

test('the routes load without a database, a key and a secret, as a build does', async (t) => {
  const { mock } = t.mock.method(console, 'warn', () => {});
  for (const name of ['app-webhooks-faststar-route', 'app-checkout-route']) {
    const { POST } = await load(name);
    assert.equal(typeof POST, 'function');
  }
  assert.equal(mock.callCount(), 2);
  Object.assign(process.env, merchant.env);
  await load('migrate');
});

/** Loads a file that listens on port 3000, and has it take another one. */
async function listening(t, name) {
  const { promise, resolve } = deferred();
  const { listen } = Server.prototype;
  const { mock } = t.mock.method(Server.prototype, 'listen', function (...given) {
    this.once('listening', () => resolve(this));
    const other = given.map((value) => (value === 3000 ? 0 : value?.port === 3000 ? { ...value, port: 0 } : value));
    return listen.apply(this, other);
  });
  await load(name);
  const server = await promise;
  mock.restore();
  return server;
}

function deferred() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

/** Serves Next's route files. */
async function next() {
  const routes = {
    '/webhooks/faststar': (await load('app-webhooks-faststar-route')).POST,
    '/checkout': (await load('app-checkout-route')).POST,
  };
  const server = createServer(async (incoming, response) => {
    const { method, url, headers } = incoming;
    const body = Readable.toWeb(incoming);
    const request = new Request(`http://${headers.host}${url}`, { method, headers: Object.entries(headers), body, duplex: 'half' });
    const answer = await routes[url](request);
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  });
  await new Promise((ready) => server.listen(0, ready));
  return server;
}

const starts = {
  express: (t) => listening(t, 'express'),
  fastify: (t) => listening(t, 'fastify'),
  hono: (t) => listening(t, 'hono'),
  next,
};

for (const [name, start] of Object.entries(starts)) {
  test(`docs/node.md's shop in ${name}: every click of an order's life`, async (t) => {
    const errors = t.mock.method(console, 'error', () => {}).mock;
    const warnings = t.mock.method(console, 'warn', () => {}).mock;
    const server = await start(t);
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address();
    const url = `http://127.0.0.1:${port}`;
    target = `${url}/webhooks/faststar`;

    const order = async (id, quantity = 1) => {
      await pool.query('INSERT INTO orders VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET quantity = $3, subtotal = $4', [
        `${name}_${id}`, price.id, quantity, quantity * 999, 'USD',
      ]);
      return `${name}_${id}`;
    };
    const state = async (id) => (await pool.query('SELECT state, note FROM orders WHERE id = $1', [id])).rows[0];
    const click = async (id, host = url) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${host}/checkout`, { method: 'POST', headers, body: JSON.stringify({ order: id }) });
      assert.equal(answer.status, 200, await answer.clone().text());
      const opened = await answer.json();
      return { ...opened, session: /\/checkout\/(cs_\w+)/.exec(opened.url)?.[1] };
    };
    const retrieve = (id) => merchant.client.checkout.sessions.retrieve(id);

    // The first click; a second one later; through another host name; after a declined card.
    const first = await order('first');
    const opened = await click(first);
    assert.equal(opened.status, 'open');
    const session = await retrieve(opened.session);
    assert.deepEqual([session.client_reference_id, session.success_url], [first, `${url}/orders/${first}`]);
    assert.equal((await click(first)).url, opened.url);
    assert.equal((await click(first, `http://localhost:${port}`)).url, opened.url);
    await merchant.complete(opened.session, { card: 'declined' });
    assert.equal((await click(first)).url, opened.url);
    await merchant.complete(opened.session);
    assert.equal((await state(first)).state, 'paid');
    // After payment.
    assert.deepEqual(await click(first), { status: 'complete', session: undefined });

    // Forty buyers who click twice at once.
    const many = await Promise.all(Array.from({ length: 40 }, (_, number) => order(`many_${number}`)));
    const clicks = await Promise.all(many.flatMap((id) => [click(id), click(id)]));
    assert.equal(new Set(clicks.map(({ url }) => url)).size, 40);
    many.forEach((_, index) => assert.equal(clicks[2 * index].url, clicks[2 * index + 1].url));

    // After a changed cart, and after expiry.
    const cart = await order('cart');
    const small = await click(cart);
    await order('cart', 3);
    const large = await click(cart);
    assert.notEqual(large.session, small.session);
    assert.equal((await retrieve(large.session)).amount_subtotal, 2997);
    await merchant.expire(large.session);
    const fresh = await click(cart);
    assert.notEqual(fresh.session, large.session);

    // The older session is paid although a newer one exists: for a person, and nobody pays twice.
    await merchant.complete(small.session);
    const { state: cartState, note } = await state(cart);
    assert.equal(cartState, 'review');
    assert.match(note, /9\.99 USD/);
    assert.equal((await click(cart)).status, 'complete');

    // The same with the same cart: it settles the order, whichever session was paid.
    const other = await order('other');
    const old = await click(other);
    await order('other', 2);
    const newer = await click(other);
    await order('other', 1);
    await merchant.complete(old.session);
    assert.equal((await state(other)).state, 'paid');
    // And the newer one, left open in a tab, is a payment too many.
    const settled = await state(other);
    await merchant.complete(newer.session);
    const twice = await state(other);
    assert.equal(twice.state, 'review');
    assert.ok(twice.note.startsWith(settled.note), 'the first payment stays on the order');
    assert.match(twice.note.slice(settled.note.length), /^pi_\w+: paid once more, refund it; /);
    assert.deepEqual(errors.calls, []);

    // Tax on top, in a state that the buyer names in the cashier.
    const taxed = await order('taxed');
    const abroad = await click(taxed);
    const token = new URL(abroad.url).searchParams.get('token');
    const named = await fetch(`${sandbox.url}/cashier/v1/sessions/${abroad.session}/country`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, buyer_country: 'US' }),
    });
    assert.equal(named.status, 200);
    await merchant.complete(abroad.session);
    assert.equal((await retrieve(abroad.session)).amount_total, 1079);
    assert.equal((await state(taxed)).state, 'paid');

    // An event that names the session alone: the session names the order.
    const nameless = await order('nameless');
    const ofSession = await click(nameless);
    const data = { payment_id: 'pi_nameless', amount: 999, currency: 'USD', status: 'succeeded', client_reference_id: null, checkout_session_id: ofSession.session };
    const body = JSON.stringify({ id: `evt_${nameless}`, type: 'payment.succeeded', data });
    const signed = { [webhooks.signatureHeader]: webhooks.signForTest(body, merchant.webhookSecret), 'content-type': 'application/json' };
    assert.equal((await fetch(target, { method: 'POST', headers: signed, body })).status, 200);
    assert.equal((await state(nameless)).state, 'paid');

    // A payment of no order is kept, told once, and answered with a 200.
    const stray = await merchant.client.checkout.sessions.create({
      mode: 'payment', presentation: 'link', line_items: [{ price_id: price.id, quantity: 1 }], client_reference_id: 'of_another_shop',
    });
    await merchant.complete(stray);
    assert.match(errors.calls.pop().arguments[0], /was given up: pi_\w+ is for no order of this shop$/);
    const { events } = await load('shop');
    const kept = await events.inbox.list({ state: 'given_up' });
    assert.match(kept.at(-1).note, /is for no order of this shop/);
    // A person has found out whose it was.
    await pool.query('INSERT INTO orders VALUES ($1, $2, 1, 999, $3)', ['of_another_shop', price.id, 'USD']);
    assert.deepEqual((await replay(events, { id: kept.at(-1).id })).map(({ outcome }) => outcome), ['processed']);
    assert.equal((await state('of_another_shop')).state, 'paid');
    await pool.query("DELETE FROM orders WHERE id = 'of_another_shop'");

    // The declined card, of which the shop wants nothing.
    assert.deepEqual(warnings.calls.map(({ arguments: [line] }) => /handler takes (\S+)/.exec(line)[1]), ['payment.failed']);

    // What the browser cannot mean.
    const ask = (body) => fetch(`${url}/checkout`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal((await ask('{"order":"no_such_order"}')).status, 404);
    assert.equal((await ask('{"order":["x"]}')).status, 404);
    assert.equal((await ask('{"order":')).status, 400);
    assert.equal((await ask('{}')).status, 404);
    // Express refuses it itself.
    assert.equal((await ask('null')).status, name === 'express' ? 400 : 404);
  });
}

test("docs/node.md's shop outlives the end of its database's connections", async (t) => {
  const { mock } = t.mock.method(console, 'error', () => {});
  const { events } = await load('shop');
  await events.inbox.list({ limit: 1 });
  await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()');
  for (let turn = 0; mock.callCount() === 0 && turn < 100_000; turn += 1) await new Promise(setImmediate);
  assert.match(mock.calls[0].arguments[0], /^terminating connection/);
});
