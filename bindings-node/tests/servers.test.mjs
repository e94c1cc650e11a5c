/** What the routes of each framework do with webhooks and with buyers, over real sockets. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';

import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';

import {
  checkPayment,
  ConfigurationError,
  ConflictError,
  FastStar,
  SignatureVerificationError,
  webhooks,
} from 'faststar';
import * as forExpress from 'faststar/express';
import * as forFastify from 'faststar/fastify';
import * as forFetch from 'faststar/fetch';
import * as forHono from 'faststar/hono';
import * as forNext from 'faststar/next';
import { GiveUp, memoryInbox } from 'faststar/inbox';
import { memoryOrders } from 'faststar/orders';
import { Sandbox } from 'faststar/testing';
import { frameworks, WEBHOOK } from './shops.mjs';
import { CREATED, failed, ok, REQUEST, serve } from './support.mjs';

const SECRET = 'CANARY-secret';
// Of routes that ask it nothing.
const nowhere = new FastStar('CANARY-key', { baseUrl: 'http://127.0.0.1:1', maxRetries: 0 });
const LIMIT = 1024 * 1024;

const eventOf = (id, type = 'payment.succeeded') =>
  JSON.stringify({
    id,
    type,
    created: 1769900000,
    data: { payment_id: 'pi_1', amount: 1999, currency: 'USD', status: 'succeeded', client_reference_id: 'ö' },
    livemode: false,
    api_version: 'v1',
  });

const padded = (body, length) => body + ' '.repeat(length - Buffer.byteLength(body));

const signed = (body, secret = SECRET) => ({
  'content-type': 'application/json',
  'x-webhook-signature': webhooks.signForTest(body, secret),
});

/** Posts and gives the status, the text and the headers of the answer; a body in several parts is sent chunked. */
const post = async (...request) => (await exchange(...request)).slice(0, 2);

function exchange(url, body, headers) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', headers, agent: false }, async (response) => {
      let text = '';
      for await (const part of response.setEncoding('utf8')) text += part;
      resolve([response.statusCode, text, response.headers]);
    });
    request.on('error', reject);
    if (Array.isArray(body)) for (const part of body) request.write(part);
    else request.setHeader('content-length', Buffer.byteLength(body)).write(body);
    request.end();
  });
}

/** Starts a shop that writes down what it is told; it ends with the test. */
async function shop(t, framework, { on, eat, cart, checkout, ...webhook } = {}) {
  const seen = { events: [], errors: [], processed: [], unhandled: [] };
  const { url, close } = await framework.start({
    webhook: {
      inbox: memoryInbox('tx'),
      secret: SECRET,
      on: on ?? { 'payment.succeeded': async (event, tx) => void seen.events.push([event.id, event.type, tx]) },
      onProcessed: ({ id }) => void seen.processed.push(id),
      onUnhandled: ({ type }) => void seen.unhandled.push(type),
      onError: (error, event) => void seen.errors.push([error, event?.id]),
      ...webhook,
    },
    cart: cart ?? (() => REQUEST),
    checkout: { client: nowhere, onError: (error) => void seen.errors.push([error]), ...checkout },
    eat,
  });
  t.after(close);
  return { ...seen, url, hook: url + WEBHOOK };
}

let sandbox;
before(async () => (sandbox = await Sandbox.start()));
after(() => sandbox.close());

for (const [name, framework] of Object.entries(frameworks)) {
  test(`${name}: an event is handled, and its redelivery has no second effect`, async (t) => {
    const { hook, events, errors, processed } = await shop(t, framework);
    const body = eventOf('evt_1');
    assert.deepEqual(await post(hook, body, signed(body)), [200, 'processed\n']);
    assert.deepEqual(await post(hook, body, signed(body)), [200, 'duplicate\n']);
    assert.deepEqual(events, [['evt_1', 'payment.succeeded', 'tx']]);
    assert.deepEqual(processed, ['evt_1']);
    assert.deepEqual(errors, []);
  });

  test(`${name}: the bytes are those that came: in chunks, within a character, with spaces, of any type`, async (t) => {
    const { hook, events } = await shop(t, framework);
    const body = Buffer.from(` ${eventOf('evt_1')}\n`);
    const half = body.indexOf('ö') + 1;
    const headers = signed(body);
    assert.deepEqual(await post(hook, [body.subarray(0, half), body.subarray(half)], headers), [200, 'processed\n']);
    for (const [id, type] of [['evt_2', 'text/plain'], ['evt_3', 'application/x-www-form-urlencoded'], ['evt_4', undefined]]) {
      const other = eventOf(id);
      const { 'content-type': _, ...rest } = signed(other);
      assert.deepEqual(await post(hook, other, type ? { ...rest, 'content-type': type } : rest), [200, 'processed\n']);
    }
    assert.equal(events.length, 4);
  });

  test(`${name}: what is not signed by a secret is refused alike, and the log has why`, async (t) => {
    const { hook, events, errors } = await shop(t, framework);
    const body = eventOf('evt_1');
    for (const [sent, headers, code] of [
      [body, signed(body, 'another'), 'signature_mismatch'],
      [`${body} `, signed(body), 'signature_mismatch'],
      [body, { ...signed(body), 'x-webhook-signature': 'nonsense' }, 'malformed_header'],
      [body, {}, 'malformed_header'],
      [body, { ...signed(body), 'x-webhook-id': 'evt_2' }, 'event_id_mismatch'],
      ['', signed(body), 'signature_mismatch'],
      [body, { 'x-webhook-signature': webhooks.signForTest(body, SECRET, { timestamp: 1 }) }, 'timestamp_too_old'],
      ['no json', signed('no json'), 'malformed_json'],
    ]) {
      assert.deepEqual(await post(hook, sent, headers), [400, 'not verified\n'], code);
      const [error, id] = errors.pop();
      assert.ok(error instanceof SignatureVerificationError, inspect(error));
      assert.deepEqual([error.code, id], [code, undefined]);
      assert.ok(!inspect(error).includes('CANARY'));
    }
    assert.deepEqual(events, []);
  });

  test(`${name}: any of several secrets is good`, async (t) => {
    const { hook } = await shop(t, framework, { secret: ['new', 'old'] });
    for (const [id, secret, status] of [['evt_1', 'old', 200], ['evt_2', 'new', 200], ['evt_3', 'other', 400]]) {
      const body = eventOf(id);
      assert.equal((await post(hook, body, signed(body, secret)))[0], status, secret);
    }
  });

  test(`${name}: a body that is too large is cut off, whether it says so or not`, async (t) => {
    const { hook, events, errors } = await shop(t, framework);
    const body = padded(eventOf('evt_1'), LIMIT);
    assert.deepEqual(await post(hook, body, signed(body)), [200, 'processed\n']);
    const large = `${body} `;
    assert.deepEqual(await post(hook, large, signed(large)), [413, 'too large\n']);
    assert.deepEqual(await post(hook, [body, ' '], signed(large)), [413, 'too large\n']);
    assert.equal(events.length, 1);
    assert.deepEqual(errors.map(([error]) => error.code), ['body_too_large', 'body_too_large']);
  });

  test(`${name}: a body that is announced as too large is not waited for`, async (t) => {
    const { hook } = await shop(t, framework);
    const request = httpRequest(hook, { method: 'POST', headers: { 'content-length': LIMIT + 1 } });
    request.flushHeaders();
    const [response] = await once(request, 'response');
    const closed = once(request.socket, 'close');
    assert.deepEqual([response.statusCode, response.headers.connection], [413, 'close']);
    response.resume();
    request.on('error', () => {});
    await closed;
  });

  test(`${name}: where the body was read before, the error says how to keep it, and the event is not lost`, async (t) => {
    for (const chunked of [false, true]) {
      const { hook, events, errors } = await shop(t, framework, { eat: true });
      const body = eventOf('evt_1');
      const answer = await post(hook, chunked ? [body.slice(0, 9), body.slice(9)] : body, signed(body));
      assert.deepEqual(answer, [500, 'failed\n']);
      assert.equal(errors.length, 1);
      const [error] = errors[0];
      assert.ok(error instanceof ConfigurationError, inspect(error));
      assert.deepEqual([error.code, error.param], ['raw_body_lost', 'body']);
      assert.match(error.message, framework.advice);
      assert.deepEqual(events, []);
    }
  });

  test(`${name}: a type without a handler is acknowledged and told, also one of tomorrow`, async (t) => {
    const { hook, events, errors, processed, unhandled } = await shop(t, framework);
    const types = ['invoice.paid', 'payout.sent', '__proto__', '*'];
    for (const type of types) {
      const body = eventOf(`evt_${type}`, type);
      assert.deepEqual(await post(hook, body, signed(body)), [200, 'unhandled\n'], type);
      assert.deepEqual(await post(hook, body, signed(body)), [200, 'duplicate\n'], type);
    }
    assert.deepEqual([events, errors, processed, unhandled], [[], [], [], types]);
  });

  test(`${name}: an event whose handler failed is handled when it comes again`, async (t) => {
    let attempts = 0;
    const on = {
      'payment.succeeded': async () => {
        attempts += 1;
        if (attempts < 3) throw new Error(`attempt ${attempts}`);
      },
    };
    const { hook, errors, processed } = await shop(t, framework, { on });
    const body = eventOf('evt_1');
    const answers = [];
    for (let time = 0; time < 4; time += 1) answers.push((await post(hook, body, signed(body))).join(' '));
    assert.deepEqual(answers, ['500 failed\n', '500 failed\n', '200 processed\n', '200 duplicate\n']);
    assert.deepEqual(errors.map(([{ message }, id]) => [message, id]), [['attempt 1', 'evt_1'], ['attempt 2', 'evt_1']]);
    assert.deepEqual(processed, ['evt_1']);
  });

  test(`${name}: deliveries at once run once`, async (t) => {
    let running = 0;
    let most = 0;
    let total = 0;
    const on = {
      'payment.succeeded': async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running -= 1;
        total += 1;
      },
    };
    const { hook } = await shop(t, framework, { on });
    const body = eventOf('evt_1');
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(hook, body, signed(body))));
    assert.deepEqual(answers.map(([, text]) => text).sort(), [...Array(4).fill('duplicate\n'), 'processed\n']);
    assert.deepEqual([most, total], [1, 1]);
  });

  test(`${name}: without a secret it is the shop's failure: told at the start, and the event comes again`, async (t) => {
    for (const [secret, param] of [['', 'secret'], [' ', 'secret'], [[], 'secret'], [[''], 'secret'], [undefined, 'FASTSTAR_WEBHOOK_SECRET']]) {
      const { mock } = t.mock.method(console, 'warn', () => {});
      const { hook, errors } = await shop(t, framework, { secret });
      assert.match(mock.calls[0].arguments[0], new RegExp(`^faststar: ${param}: .*; until then each webhook is answered with a 500$`));
      mock.restore();
      const body = eventOf('evt_1');
      assert.deepEqual(await post(hook, body, signed(body)), [500, 'failed\n']);
      const [[error]] = errors;
      assert.ok(error instanceof ConfigurationError, inspect(error));
      assert.equal(error.param, param);
    }
    // A blank one beside a good one is no secret that anybody could sign with.
    const { hook } = await shop(t, framework, { secret: ['', 'good'] });
    const body = eventOf('evt_1');
    assert.equal((await post(hook, body, signed(body, 'good')))[0], 200);
  });

  test(`${name}: a buyer's browser gets a url, or what it may know of an error`, async (t) => {
    let mode = 'good';
    const api = await serve(t, () => (mode === 'down' ? failed(503, 'overloaded') : mode === 'key' ? failed(401, 'invalid_api_key') : ok(CREATED)));
    const client = new FastStar('CANARY-key', { baseUrl: api.url, maxRetries: 0 });
    const { url, errors } = await shop(t, framework, {
      cart: ({ quantity }) => {
        if (mode === 'bug') throw new Error('CANARY of the shop');
        if (mode === 'nothing') return undefined;
        return { ...REQUEST, line_items: [{ price_id: 'price_1', quantity }] };
      },
      checkout: { client },
    });
    const buy = async (quantity) => {
      const [status, text] = await post(`${url}/checkout`, JSON.stringify({ quantity }), { 'content-type': 'application/json' });
      return [status, JSON.parse(text)];
    };
    assert.deepEqual(await buy(2), [200, { status: 'open', url: CREATED.url }]);
    assert.deepEqual(JSON.parse(api.requests[0].body).line_items, [{ price_id: 'price_1', quantity: 2 }]);
    assert.deepEqual(await buy(0), [400, { error: { code: 'out_of_range', param: 'line_items[0].quantity' } }]);
    mode = 'down';
    assert.deepEqual(await buy(1), [502, { error: { code: 'unavailable', param: null } }]);
    for (mode of ['key', 'bug', 'nothing']) {
      assert.deepEqual(await buy(1), [500, { error: { code: 'internal', param: null } }]);
    }
    const names = ['ValidationError', 'ServerError', 'AuthenticationError', 'Error', 'ConfigurationError'];
    assert.deepEqual(errors.map(([{ name }]) => name), names);
  });

  test(`${name}: what the shop or its framework throws with a status is the answer`, async (t) => {
    let thrown;
    const { url, errors } = await shop(t, framework, {
      cart: (_body, ...given) => {
        if (thrown === 'redirect') return framework.redirect(...given);
        if (thrown === 'response') return new Response('log in', { status: 401, headers: { 'www-authenticate': 'Basic' } });
        throw thrown;
      },
    });
    const buy = async (what) => {
      thrown = what;
      const [status, , headers] = await exchange(`${url}/checkout`, '{}', { 'content-type': 'application/json' });
      return [status, headers];
    };
    const withStatus = (fields) => Object.assign(new Error('of the shop'), fields);
    for (const status of [401, 403, 404, 422, 429]) {
      assert.equal((await buy(withStatus({ status })))[0], status);
      assert.equal((await buy(withStatus({ statusCode: status })))[0], status);
    }
    assert.equal((await buy(new Response('log in', { status: 402 })))[0], 402);
    const [refused, { 'www-authenticate': how }] = await buy('response');
    assert.deepEqual([refused, how], [401, 'Basic']);
    // As SvelteKit throws it.
    for (const redirect of ['redirect', { status: 303, location: '/login' }, withStatus({ status: 303, location: '/login' })]) {
      const [status, { location }] = await buy(redirect);
      assert.deepEqual([status, location], [303, '/login']);
    }
    assert.deepEqual(errors, []);
    assert.equal((await buy(withStatus({ status: 503 })))[0], 503);
    assert.equal(errors.length, 1);
    // No statuses of an answer.
    for (const status of [200, 302, 600, 4.5, '401', NaN]) assert.equal((await buy(withStatus({ status })))[0], 500, status);
    for (const odd of [null, undefined, 'text', 401]) assert.equal((await buy(odd))[0], 500, String(odd));
  });

  test(`${name}: malformed JSON is the browser's mistake`, async (t) => {
    const { url } = await shop(t, framework);
    for (const body of ['{"quan', '', 'null,', '{"a":1}}']) {
      const [status] = await post(`${url}/checkout`, body, { 'content-type': 'application/json' });
      // Express reads an empty body as none.
      if (body !== '' || !name.startsWith('express')) assert.equal(status, 400, body);
    }
  });

  test(`${name}: a conflict is told as one`, async (t) => {
    let code = 'idempotency_key_reused';
    const api = await serve(t, () => failed(code === 'idempotency_key_reused' ? 422 : 409, code));
    const client = new FastStar('CANARY-key', { baseUrl: api.url, maxRetries: 0 });
    const { url, errors } = await shop(t, framework, { checkout: { client, idempotencyKey: () => 'order_7' } });
    const buy = () => post(`${url}/checkout`, '{}', { 'content-type': 'application/json' });
    assert.deepEqual(await buy(), [409, JSON.stringify({ error: { code, param: null } })]);
    code = 'session_already_completed';
    assert.deepEqual(await buy(), [409, JSON.stringify({ error: { code, param: null } })]);
    assert.ok(errors.every(([error]) => error instanceof ConflictError));
  });

  test(`${name}: the shop keeps the session before the buyer can pay it`, async (t) => {
    const api = await serve(t, () => ok(CREATED));
    const kept = [];
    const onOpen = async ({ session, url }, asked) => {
      kept.push([session.id, session.amount_total, url, typeof asked]);
      if (kept.length > 1) throw new Error('the database is away');
    };
    const client = new FastStar('k', { baseUrl: api.url });
    const { url, errors } = await shop(t, framework, { checkout: { client, onOpen } });
    const buy = () => post(`${url}/checkout`, '{}', { 'content-type': 'application/json' });
    assert.deepEqual(await buy(), [200, JSON.stringify({ status: 'open', url: CREATED.url })]);
    assert.equal((await buy())[0], 500);
    assert.deepEqual(kept[0], ['cs_1', 1079, CREATED.url, 'object']);
    assert.deepEqual(errors.map(([{ message }]) => message), ['the database is away']);
  });

  test(`${name}: a key of the shop's own is sent`, async (t) => {
    const api = await serve(t, () => ok(CREATED));
    const client = new FastStar('k', { baseUrl: api.url });
    const idempotencyKey = ({ mode }, asked) => `order-7-${mode}-${typeof asked}`;
    const { url } = await shop(t, framework, { checkout: { client, idempotencyKey } });
    await post(`${url}/checkout`, '{}', { 'content-type': 'application/json' });
    assert.equal(api.requests[0].headers['idempotency-key'], 'order-7-payment-object');
  });

  test(`${name}: forty buyers click twice at once, and each gets one session; who has paid gets none`, async (t) => {
    const merchant = await sandbox.merchant();
    t.after(() => merchant.close());
    const setup = ({ order }) => ({ mode: 'setup', presentation: 'link', client_reference_id: order });
    const opened = [];
    const pay = (quantity) => ({ order }) => ({
      mode: 'payment',
      presentation: 'link',
      line_items: [{ ad_hoc_amount: 999, ad_hoc_currency: 'EUR', quantity }],
      client_reference_id: order,
    });
    const { client } = merchant;
    for (const checkout of [{ client }, { client, orders: memoryOrders() }, { client, idempotencyKey: ({ client_reference_id }) => client_reference_id }]) {
      const { url, errors } = await shop(t, framework, { cart: setup, checkout: { ...checkout, onOpen: ({ session }) => void opened.push(session.id) } });
      const click = (order) => post(`${url}/checkout`, JSON.stringify({ order }), { 'content-type': 'application/json' });
      const salt = opened.length;
      const clicks = Array.from({ length: 40 }, (_, number) => [click(`${salt}-${number}`), click(`${salt}-${number}`)]).flat();
      const answers = await Promise.all(clicks);
      assert.deepEqual(answers.map(([status]) => status), Array(80).fill(200));
      assert.equal(new Set(answers.map(([, text]) => text)).size, 40);
      assert.deepEqual(errors, []);
    }
    assert.equal(opened.length, 240);

    const orders = memoryOrders();
    const click = async (quantity) => {
      const { url } = await shop(t, framework, { cart: pay(quantity), checkout: { client, orders } });
      return JSON.parse((await post(`${url}/checkout`, '{"order":"o"}', { 'content-type': 'application/json' }))[1]);
    };
    const first = await click(1);
    await merchant.complete(/checkout\/(cs_\w+)/.exec(first.url)[1]);
    assert.deepEqual([await click(1), await click(2)], [{ status: 'complete' }, { status: 'complete' }]);
  });

  test(`${name}: a buyer pays in the sandbox, and the order is fulfilled once`, async (t) => {
    const merchant = await sandbox.merchant();
    const paid = [];
    const { url, hook, errors } = await shop(t, framework, {
      secret: merchant.webhookSecret,
      on: {
        'payment.succeeded': (event) => {
          const { isPaid, message } = checkPayment(event, { amount: 1998, currency: 'eur' });
          if (!isPaid) throw new GiveUp(message);
          paid.push(event.data.client_reference_id);
        },
      },
      cart: ({ quantity, order }) => ({
        mode: 'payment',
        presentation: 'link',
        line_items: [{ ad_hoc_amount: 999, ad_hoc_currency: 'EUR', quantity }],
        buyer_country: 'DE',
        client_reference_id: order,
      }),
      checkout: { client: merchant.client },
    });
    await merchant.deliverTo(hook);
    await merchant.deliver({ duplicate: 1 });
    for (const [order, quantity] of [['order_1', 2], ['order_2', 1]]) {
      const [, text] = await post(`${url}/checkout`, JSON.stringify({ order, quantity }), { 'content-type': 'application/json' });
      await merchant.complete(/checkout\/(cs_\w+)/.exec(JSON.parse(text).url)[1]);
    }
    assert.deepEqual(paid, ['order_1']);
    // Told once, and never sent again.
    assert.deepEqual(errors.map(([error]) => error.name), ['GiveUp']);
  });
}

test('express: bytes that something has kept are as good', async (t) => {
  const app = express();
  const seen = [];
  const hook = forExpress.webhook({ inbox: memoryInbox(), secret: SECRET, on: {}, onError: (error) => void seen.push(error) });
  app.post('/raw', express.raw({ type: '*/*' }), hook);
  app.post('/kept', express.json({ verify: (request, _response, bytes) => (request.rawBody = bytes) }), hook);
  app.post('/large', express.raw({ type: '*/*', limit: '2mb' }), hook);
  // They leave the stream alone where the type is another one, but Express 4 sets an empty body.
  app.post('/others', express.urlencoded({ extended: true }), express.text(), (request, _response, next) => {
    request.body = {};
    next();
  }, hook);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  for (const path of ['/raw', '/kept', '/others']) {
    const body = eventOf(`evt_${path}`);
    assert.deepEqual(await post(url + path, body, signed(body)), [200, 'unhandled\n'], path);
  }
  const large = padded(eventOf('evt_1'), LIMIT + 1);
  assert.deepEqual(await post(`${url}/large`, large, signed(large)), [413, 'too large\n']);
  assert.deepEqual(seen.map(({ code }) => code), ['body_too_large']);
});

test('express: a stream whose bytes became text is told as lost', async (t) => {
  const app = express();
  const errors = [];
  app.use((request, _response, next) => {
    request.setEncoding('utf8');
    next();
  });
  app.post('/', forExpress.webhook({ inbox: memoryInbox(), secret: SECRET, on: {}, onError: (error) => void errors.push(error.code) }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const body = eventOf('evt_1');
  const answer = await post(`http://127.0.0.1:${server.address().port}/`, body, signed(body));
  assert.deepEqual([answer, errors], [[500, 'failed\n'], ['raw_body_lost']]);
});

test('express: a sender that hangs up leaves nothing behind', async (t) => {
  let told;
  const failure = new Promise((resolve) => (told = resolve));
  const { hook, events } = await shop(t, frameworks['express 5'], { onError: told });
  const request = httpRequest(hook, { method: 'POST', headers: { 'content-length': 100 }, agent: false });
  request.on('error', () => {});
  request.write('{', () => request.destroy());
  assert.match((await failure).message, /aborted|premature/i);
  assert.deepEqual(events, []);
});

test('fastify: the parsers of the application stay, and so do those of its other plugins', async (t) => {
  const app = Fastify();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => done(null, { mine: text }));
  app.register(forFastify.webhook({ inbox: memoryInbox(), secret: SECRET, on: {} }), { prefix: WEBHOOK });
  app.post('/other', async (request) => request.body);
  t.after(() => app.close());
  const body = eventOf('evt_1');
  const sent = { method: 'POST', payload: body, headers: signed(body) };
  assert.deepEqual((await app.inject({ ...sent, url: '/other' })).json(), { mine: body });
  for (const [url, text] of [[WEBHOOK, 'unhandled\n'], [`${WEBHOOK}/`, 'duplicate\n']]) {
    const answer = await app.inject({ ...sent, url });
    assert.deepEqual([answer.statusCode, answer.body], [200, text]);
  }
});

test('next: a route gets what Next gives it besides the request', async (t) => {
  const api = await serve(t, () => ok(CREATED));
  const client = new FastStar('k', { baseUrl: api.url });
  const POST = forNext.checkout(async (_request, { params }) => ({ ...REQUEST, client_reference_id: (await params).id }), { client });
  const answer = await POST(new Request('http://shop.test/orders/7/pay', { method: 'POST' }), { params: Promise.resolve({ id: '7' }) });
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [200, 'no-store']);
  assert.equal(JSON.parse(api.requests[0].body).client_reference_id, '7');
  assert.equal(forNext.webhook, forFetch.webhook);
});

test('next: what Next throws to redirect or to refuse is left to Next', async () => {
  for (const digest of ['NEXT_REDIRECT;replace;/login;307;', 'NEXT_HTTP_ERROR_FALLBACK;401']) {
    const marked = Object.assign(new Error('of Next'), { digest });
    const errors = [];
    const POST = forNext.checkout(() => { throw marked }, { onError: (error) => void errors.push(error) });
    await assert.rejects(POST(new Request('http://shop.test/', { method: 'POST' })), (error) => error === marked);
  }
});

test('hono: an HTTPException is left to app.onError', async () => {
  const refuse = new HTTPException(401, { res: new Response('log in', { status: 401, headers: { 'x-of': 'shop' } }) });
  const app = new Hono();
  app.post('/', forHono.checkout(() => { throw refuse }));
  const plain = await app.request('/', { method: 'POST' });
  assert.deepEqual([plain.status, plain.headers.get('x-of')], [401, 'shop']);
  app.onError((error, c) => c.text(error === refuse ? 'mine' : 'another', 418));
  const own = await app.request('/', { method: 'POST' });
  assert.deepEqual([own.status, await own.text()], [418, 'mine']);
  const answer = await forFetch.checkout(() => { throw refuse })(new Request('http://shop.test/', { method: 'POST' }));
  assert.deepEqual([answer.status, answer.headers.get('x-of')], [401, 'shop']);
});

test('what was thrown with a status is answered in JSON where no framework does, and shows no message', async () => {
  const thrown = Object.assign(new Error('CANARY'), { status: 401, headers: { 'www-authenticate': 'Basic', odd: 5 } });
  const answer = await forFetch.checkout(() => { throw thrown })(new Request('http://shop.test/', { method: 'POST' }));
  assert.deepEqual([answer.status, await answer.json()], [401, { error: { code: 'unauthorized', param: null } }]);
  assert.deepEqual([answer.headers.get('www-authenticate'), answer.headers.get('odd')], ['Basic', null]);
});

test('node:http: without a next, the route answers by itself', async (t) => {
  let thrown = Object.assign(new Error('log in'), { status: 401 });
  const server = createServer(forExpress.checkout(() => { throw thrown }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}/`;
  assert.equal((await post(url, '{}', {}))[0], 401);
  thrown = { status: 302, location: '/login' };
  assert.equal((await post(url, '{}', {}))[0], 302);
});

test('a checkout that remembers orders needs their number; without a key it tells at the start', async (t) => {
  const { mock } = t.mock.method(console, 'warn', () => {});
  const errors = [];
  const route = forFetch.checkout(() => REQUEST, { orders: memoryOrders(), onError: (error) => void errors.push(error) });
  assert.match(mock.calls[0].arguments[0], /^faststar: FASTSTAR_API_KEY: .*; until then each checkout is answered with a 500$/);
  process.env.FASTSTAR_API_KEY = 'k';
  t.after(() => delete process.env.FASTSTAR_API_KEY);
  const answer = await route(new Request('http://shop.test/', { method: 'POST' }));
  assert.equal(answer.status, 500);
  assert.ok(errors[0] instanceof ConfigurationError);
  assert.match(errors[0].message, /must give client_reference_id/);
});

test('a double click whose first one stays in flight is answered 503, to be tried again', async (t) => {
  const api = await serve(t, () => failed(409, 'idempotency_in_flight'));
  const client = new FastStar('CANARY-key', { baseUrl: api.url, maxRetries: 0 });
  // The wait is over at once: its clock is moved with each request.
  let now = 0;
  t.mock.method(performance, 'now', () => (now += 20_000));
  for (const options of [{ idempotencyKey: () => 'o' }, { orders: memoryOrders() }]) {
    const route = forFetch.checkout(() => ({ ...REQUEST, client_reference_id: 'o' }), { ...options, client, onError: () => {} });
    const answer = await route(new Request('http://shop.test/', { method: 'POST' }));
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5']);
  }
  assert.ok(api.requests.length >= 4);
});

test('what is no POST is told so', async () => {
  const hook = forFetch.webhook({ inbox: memoryInbox(), on: {} });
  const sell = forFetch.checkout(() => REQUEST);
  for (const route of [hook, sell]) {
    const answer = await route(new Request('http://shop.test/'));
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
  }
});

const webhookOf = (options) => () => forFetch.webhook({ inbox: memoryInbox(), on: {}, ...options });

for (const [what, make, param] of [
  ['no inbox', webhookOf({ inbox: undefined }), 'inbox'],
  ['an inbox that is none', webhookOf({ inbox: new Map() }), 'inbox'],
  ['no handlers', webhookOf({ on: undefined }), 'on'],
  ['a misspelt type', webhookOf({ on: { 'payment.succeded': () => {} } }), 'on.payment.succeded'],
  ['a handler that is none', webhookOf({ on: { 'payment.failed': 1 } }), "on['payment.failed']"],
  ['a misspelt option', webhookOf({ onerror: () => {} }), 'onerror'],
  ['an onError that is none', webhookOf({ onError: 1 }), 'onError'],
  ['an onProcessed that is none', webhookOf({ onProcessed: 1 }), 'onProcessed'],
  ['a secret that is none', webhookOf({ secret: 5 }), 'secret'],
  ['a list with what is no secret', webhookOf({ secret: ['whsec_1', undefined] }), 'secret'],
  ['an onUnhandled that is none', webhookOf({ onUnhandled: 1 }), 'onUnhandled'],
  ['a prepare that is none', webhookOf({ prepare: {} }), 'prepare'],
  ['a tolerance that is text', webhookOf({ tolerance: '300' }), 'tolerance'],
  ['a tolerance below 0', webhookOf({ tolerance: -5 }), 'tolerance'],
  ['fields instead of a function', () => forFetch.checkout(REQUEST), 'params'],
  ['orders that are none', () => forFetch.checkout(() => REQUEST, { orders: new Map() }), 'orders'],
  ['an onOpen that is none', () => forFetch.checkout(() => REQUEST, { onOpen: 1 }), 'onOpen'],
  ['a misspelt option of checkout', () => forFetch.checkout(() => REQUEST, { Client: 1 }), 'Client'],
]) {
  test(`a route with ${what} is refused before it is used`, () => {
    assert.throws(make, (error) => error instanceof ConfigurationError && error.param === param);
  });
}

async function receive(hook, body) {
  const answer = await hook(new Request('http://shop.test/', { method: 'POST', body, headers: signed(body) }));
  return [answer.status, await answer.text()];
}

test('a handler of all types runs after the one of its type, in the same transaction', async () => {
  for (const asynchronous of [false, true]) {
    const seen = [];
    const hook = forFetch.webhook({
      inbox: memoryInbox(),
      secret: SECRET,
      on: {
        '*': ({ type }) => void seen.push(`* ${type}`),
        'invoice.paid': asynchronous
          ? async ({ type }) => {
              await new Promise(setImmediate);
              seen.push(type);
            }
          : ({ type }) => void seen.push(type),
      },
    });
    await receive(hook, eventOf('evt_1', 'invoice.paid'));
    await receive(hook, eventOf('evt_2', 'payout.sent'));
    await receive(hook, eventOf('evt_3', '*'));
    assert.deepEqual(seen, ['invoice.paid', '* invoice.paid', '* payout.sent', '* *']);
  }
});

test('without onError, and where it throws, the console is told', async (t) => {
  const { mock } = t.mock.method(console, 'error', () => {});
  const on = { 'payment.failed': () => { throw new Error('no shelf') } };
  const quiet = forFetch.webhook({ inbox: memoryInbox(), secret: SECRET, on });
  assert.equal((await receive(quiet, eventOf('evt_1', 'payment.failed')))[0], 500);
  await quiet(new Request('http://shop.test/', { method: 'POST', body: '{}' }));
  await forFetch.checkout(() => { throw new Error('no cart') })(new Request('http://shop.test/', { method: 'POST' }));
  const giving = { 'payment.failed': () => { throw new GiveUp('sold out') } };
  const given = forFetch.webhook({ inbox: memoryInbox(), secret: SECRET, on: giving });
  assert.equal((await receive(given, eventOf('evt_2', 'payment.failed')))[0], 200);
  const broken = forFetch.webhook({ inbox: memoryInbox(), secret: SECRET, on, onError: async () => { throw new Error('no log') } });
  assert.equal((await receive(broken, eventOf('evt_1', 'payment.failed')))[0], 500);
  const lines = mock.calls.map(({ arguments: told }) => told.map((part) => part.message ?? part).join(' '));
  assert.equal(lines[0], 'faststar: payment.failed evt_1 failed: no shelf');
  assert.match(lines[1], /^faststar: refused a webhook: .* \(malformed_header\)$/);
  assert.deepEqual(lines.slice(2), ['faststar: no cart', 'faststar: payment.failed evt_2 was given up: sold out', 'no log']);
});

test('without onUnhandled, the console is told what to do', async (t) => {
  const { mock } = t.mock.method(console, 'warn', () => {});
  const hook = forFetch.webhook({ inbox: memoryInbox(), secret: SECRET, on: {} });
  for (let time = 0; time < 2; time += 1) await receive(hook, eventOf('evt_1', 'invoice.paid'));
  const lines = mock.calls.map(({ arguments: [line] }) => line);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /^faststar: no handler takes invoice\.paid evt_1; the inbox keeps it as unhandled\..*'invoice\.paid': \(\) => \{\}$/);
});
