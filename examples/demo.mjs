/**
 * The main job from end to end: a session, its totals, a payment, the signed webhook, verified.
 *
 * `scripts/demo --node` runs it. By itself: npm install faststar faststar-sandbox, then node examples/demo.mjs.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';

import { FastStar, formatMoney, SignatureVerificationError, webhooks } from 'faststar';
import { Sandbox } from 'faststar/testing';

async function main() {
  title('A sandbox plays FastStar on this machine');
  // It ends with this process, whatever happens.
  const sandbox = await Sandbox.start();
  const merchant = await sandbox.merchant();
  const shop = await webhookServer();
  await merchant.deliverTo(shop.url);
  console.log(`It listens at ${sandbox.url} and sends webhooks to ${shop.url}.`);

  // In your shop it is new FastStar(): the environment has FASTSTAR_API_KEY.
  const faststar = new FastStar(merchant.apiKey, { baseUrl: merchant.baseUrl });
  await sell(faststar, merchant, shop);

  shop.server.close();
  await sandbox.close();
}

async function sell(faststar, merchant, shop) {
  title('The merchant fills the catalog');
  const { products, prices } = faststar.catalog;
  const { id: product_id } = await products.create({ name: 'Star atlas' });
  const usd = await prices.create({ product_id, currency: 'USD', unit_amount: 999 });
  const eur = await prices.create({ product_id, currency: 'EUR', unit_amount: 4900 });
  const monthly = await prices.create({
    product_id,
    currency: 'EUR',
    unit_amount: 500,
    type: 'recurring',
    recurring_interval: 'month',
  });
  for (const { id, unit_amount, currency, type } of [usd, eur, monthly]) {
    console.log(`${id}  ${formatMoney(unit_amount, currency).padStart(10)}  ${type}`);
  }

  title('A buyer in the United States: the tax comes on top');
  const american = await faststar.checkout.sessions.create({
    mode: 'payment',
    presentation: 'iframe',
    line_items: [{ price_id: usd.id, quantity: 1 }],
    success_url: 'https://yoursite.com/success',
    cancel_url: 'https://yoursite.com/cancel',
    buyer_country: 'US',
    client_reference_id: 'order_10042',
  });
  printTotals(american.session);

  title('A buyer in Germany: the tax is inside the price');
  const german = await faststar.checkout.sessions.create({
    mode: 'payment',
    presentation: 'iframe',
    line_items: [{ price_id: eur.id, quantity: 1 }],
    buyer_country: 'DE',
  });
  printTotals(german.session);

  title('The American pays');
  console.log(`The buyer's page is ${american.url.split('?')[0]}; here a test card pays.`);
  await merchant.complete(american);

  title('The signed webhook arrives and is verified');
  const [{ body, headers }] = shop.received;
  const signature = headers[webhooks.signatureHeader];
  console.log(`X-Webhook-Signature: ${signature.slice(0, 32)}…`);
  const event = webhooks.verify(body, signature, merchant.webhookSecret);
  console.log(`${event.id} ${event.type}: ${formatMoney(event.data.amount, event.data.currency)}`);
  // Compare with your order: it is what the buyer had to pay.
  if (event.type !== 'payment.succeeded' || event.data.amount !== american.session.amount_total) {
    throw new Error('this is not the payment of the session');
  }
  const order = event.data.client_reference_id;
  console.log(`The signature holds, and so does the amount. ${order} can be shipped.`);

  const { status } = await faststar.checkout.sessions.retrieve(american.session.id);
  console.log(`The session is ${status}.`);
  try {
    webhooks.verify(Buffer.concat([body, Buffer.from(' ')]), signature, merchant.webhookSecret);
  } catch (error) {
    if (!(error instanceof SignatureVerificationError)) throw error;
    console.log(`With one byte more the verifier says: ${error.message}`);
    return;
  }
  throw new Error('a forgery was taken');
}

/** Takes webhooks, as your web framework does for you; keep the raw bytes of the body. */
async function webhookServer() {
  const received = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ body: Buffer.concat(chunks), headers: request.headers });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, received, url: `http://127.0.0.1:${server.address().port}/webhooks/faststar` };
}

function title(text) {
  console.log(`\n→ ${text}`);
}

function printTotals({ id, status, currency, ...amounts }) {
  console.log(`${id} is ${status}`);
  for (const name of ['subtotal', 'tax', 'total']) {
    const amount = formatMoney(amounts[`amount_${name}`], currency);
    console.log(`  ${name.padEnd(8)} ${amount.padStart(12)}`);
  }
}

await main();
