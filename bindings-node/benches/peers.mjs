/**
 * One peer's calls, timed in a process of its own. Run by bench.mjs: `peers.mjs PEER WORK URL CALLS`.
 *
 * Prints one JSON object. CPU is this process's, all its threads; the server is another process.
 */

import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';

import { median } from './median.mjs';

const REQUEST = {
  mode: 'payment',
  presentation: 'iframe',
  line_items: [{ price_id: 'price_xxx', quantity: 1 }],
  customer_email: 'buyer@example.com',
  success_url: 'https://yoursite.com/success',
  cancel_url: 'https://yoursite.com/cancel',
  buyer_country: 'US',
  client_reference_id: 'order_10042',
};
const STRIPE_REQUEST = {
  mode: 'payment',
  line_items: [{ price: 'price_xxx', quantity: 1 }],
  customer_email: 'buyer@example.com',
  success_url: 'https://yoursite.com/success',
  cancel_url: 'https://yoursite.com/cancel',
  client_reference_id: 'order_10042',
};
const PATH = '/api/v1/public/checkout/sessions';
const HEADERS = {
  'content-type': 'application/json',
  'x-api-key': 'k',
  'idempotency-key': '00000000-0000-4000-8000-000000000000',
};

/** Each gives a function that creates a session and reads its total. */
const callers = {
  async faststar(url) {
    const { FastStar } = await import('faststar');
    const { sessions } = new FastStar('k', { baseUrl: url }).checkout;
    return async () => (await sessions.create(REQUEST)).session.amount_total;
  },
  async stripe(url) {
    const { default: Stripe } = await import('stripe');
    const { hostname, port } = new URL(url);
    const stripe = new Stripe('sk_test_k', { host: hostname, port, protocol: 'http', telemetry: false });
    return async () => (await stripe.checkout.sessions.create(STRIPE_REQUEST)).amount_total;
  },
  fetch(url) {
    return async () => {
      const answer = await fetch(url + PATH, { method: 'POST', headers: HEADERS, body: JSON.stringify(REQUEST) });
      return (await answer.json()).data.session.amount_total;
    };
  },
  async undici(url) {
    const { Pool } = await import('undici');
    const pool = new Pool(url, { connections: 32 });
    return async () => {
      const options = { path: PATH, method: 'POST', headers: HEADERS, body: JSON.stringify(REQUEST) };
      const { body } = await pool.request(options);
      return (await body.json()).data.session.amount_total;
    };
  },
};

const EVENT = JSON.stringify({
  id: 'evt_1',
  object: 'event',
  type: 'payment.succeeded',
  created: 1769900000,
  data: {
    payment_id: 'pi_1',
    amount: 1999,
    currency: 'USD',
    status: 'succeeded',
    client_reference_id: 'order_10042',
    description: 'x'.repeat(760),
  },
  livemode: true,
  api_version: 'v1',
});
const BODY = Buffer.from(EVENT);
const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const NOW = Math.floor(Date.now() / 1000);
const HEADER = `t=${NOW},v1=${createHmac('sha256', SECRET).update(`${NOW}.${EVENT}`).digest('hex')}`;

/** Each gives a function that verifies an event of about 1 KB and reads its amount. */
const verifiers = {
  async faststar() {
    const { webhooks } = await import('faststar');
    return () => webhooks.verify(BODY, HEADER, SECRET).data.amount;
  },
  async stripe() {
    const { default: Stripe } = await import('stripe');
    const { webhooks } = new Stripe('sk_test_k');
    return () => webhooks.constructEvent(BODY, HEADER, SECRET).data.amount;
  },
  async standardwebhooks() {
    const { Webhook } = await import('standardwebhooks');
    const standard = new Webhook(SECRET);
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(NOW),
      'webhook-signature': standard.sign('evt_1', new Date(NOW * 1000), EVENT),
    };
    return () => standard.verify(BODY, headers).data.amount;
  },
  'node:crypto by hand'() {
    return () => {
      const parts = Object.fromEntries(HEADER.split(',').map((part) => part.split('=', 2)));
      const wanted = createHmac('sha256', SECRET).update(`${parts.t}.`).update(BODY).digest();
      assert.ok(timingSafeEqual(wanted, Buffer.from(parts.v1, 'hex')));
      assert.ok(Math.abs(Date.now() / 1000 - Number(parts.t)) < 300);
      return JSON.parse(BODY).data.amount;
    };
  },
};

const cpuNow = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Runs work and gives microseconds of CPU a call and calls a second. */
async function timed(calls, work) {
  const [cpu, wall] = [cpuNow(), performance.now()];
  await work();
  const [usedCpu, usedWall] = [cpuNow() - cpu, performance.now() - wall];
  return { cpu: usedCpu / calls, perSecond: (calls / usedWall) * 1000 };
}

const works = {
  async sequential(peer, url, calls) {
    const call = await callers[peer](url);
    // V8 compiles what is hot only after a while.
    for (let n = 0; n < 3000; n += 1) assert.equal(await call(), 1079);
    const latencies = [];
    const result = await timed(calls, async () => {
      for (let n = 0; n < calls; n += 1) {
        const started = performance.now();
        await call();
        latencies.push(performance.now() - started);
      }
    });
    return { ...result, latency: median(latencies) * 1000 };
  },
  async concurrent(peer, url, calls) {
    const call = await callers[peer](url);
    const many = (share) =>
      Promise.all(
        Array.from({ length: 32 }, async () => {
          for (let n = 0; n < share; n += 1) assert.equal(await call(), 1079);
        }),
      );
    await many(100);
    return timed(calls, () => many(calls / 32));
  },
  async verify(peer, _url, calls) {
    const call = await verifiers[peer]();
    for (let n = 0; n < 10_000; n += 1) assert.equal(call(), 1999);
    return timed(calls, () => {
      for (let n = 0; n < calls; n += 1) call();
    });
  },
};

const [peer, work, url, calls] = process.argv.slice(2);
console.log(JSON.stringify(await works[work](peer, url, Number(calls))));
process.exit(0);
