/** `faststar/testing`: the sandbox, a merchant's verbs, and webhooks that go wrong. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

import { ConfigurationError, FastStar, FastStarError, NotFoundError, webhooks } from 'faststar';
import * as testing from 'faststar/testing';
import { ExpectationError, Sandbox, sandboxBinary, SandboxError } from 'faststar/testing';
import { PACKAGE, ROOT, run, SANDBOX } from './support.mjs';

const DAY = 24 * 3600 * 1000;
let sandbox;

before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.close());

/** Makes a merchant for a test. */
async function merchantOf(t, options) {
  const merchant = await sandbox.merchant(options);
  t.after(() => merchant.close());
  return merchant;
}

/** Makes a folder for a test. */
function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), 'faststar-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const order = (merchant, reference = 'order_1') =>
  merchant.client.checkout.sessions.create({
    mode: 'payment',
    presentation: 'iframe',
    line_items: [{ ad_hoc_amount: 999, ad_hoc_currency: 'USD', quantity: 1 }],
    client_reference_id: reference,
  });

const states = async (merchant) =>
  (await merchant.events()).flatMap(({ deliveries }) => deliveries.map(({ state }) => state));

/** A shop under test: marks orders as paid, each event once if it is a careful one. */
class Shop {
  careful = true;
  paid = [];
  #seen = new Set();

  constructor(secret) {
    this.secret = secret;
  }

  /** Starts it as a server that knows nothing of the sandbox but the secret. */
  static async start(t, secret) {
    const shop = new Shop(secret);
    const server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.writeHead(shop.receive(Buffer.concat(chunks), request.headers)).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    shop.url = `http://127.0.0.1:${server.address().port}/hook`;
    return shop;
  }

  receive = (body, headers) => {
    let event;
    try {
      event = webhooks.verify(body, headers[webhooks.signatureHeader], this.secret);
    } catch {
      return 400;
    }
    if (event.type === 'payment.succeeded' && !(this.careful && this.#seen.has(event.id))) {
      this.#seen.add(event.id);
      this.paid.push(event.data.client_reference_id);
    }
    return 200;
  };

  count = () => this.paid.length;
}

describe('the binary', () => {
  const program = (path) => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, 0o755);
    return path;
  };
  /** Asks in a process of its own, where nothing is installed. */
  const ask = async (t, env, folder = folderOf(t)) => {
    const script = `
      const { sandboxBinary } = require(${JSON.stringify(`${PACKAGE}/dist/testing/index.js`)});
      try { console.log(sandboxBinary()) } catch (error) { console.log(error.name, error.code, error.message) }
    `;
    const { out, err } = await run(script, { type: 'commonjs', cwd: folder, env: { FASTSTAR_SANDBOX: '', ...env } });
    assert.equal(err, '');
    return out.trim();
  };

  test('the environment names it', () => {
    assert.equal(sandboxBinary(), SANDBOX);
  });

  test('a wrong name in the environment is said', async (t) => {
    const folder = folderOf(t);
    const told = await ask(t, { FASTSTAR_SANDBOX: folder });
    assert.equal(told, `ConfigurationError invalid_configuration FASTSTAR_SANDBOX names no program: ${folder}`);
  });

  test('an installed one comes before the path', async (t) => {
    const folder = folderOf(t);
    const onPath = program(join(folder, 'path/faststar'));
    const env = { PATH: join(folder, 'path') };
    assert.equal(await ask(t, env, folder), onPath);
    const own = join(folder, 'node_modules/faststar-sandbox');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'index.js'), 'exports.path = "/installed/faststar"');
    assert.equal(await ask(t, env, folder), '/installed/faststar');
    writeFileSync(join(own, 'index.js'), 'throw new Error("the sandbox needs the package of tomorrow")');
    assert.match(await ask(t, env, folder), /^ConfigurationError .* needs the package of tomorrow$/);
  });

  test('without any it says what to install', async (t) => {
    assert.match(await ask(t, { PATH: folderOf(t) }), /^ConfigurationError .* npm install --save-dev faststar-sandbox$/);
  });

  test('its package has the version of the workspace', () => {
    const manifest = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
    const [, version] = /\[workspace.package\]\nversion = "(.*)"/.exec(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8'));
    assert.equal(manifest('sandbox/npm/package.json').version, version);
    assert.equal(manifest('bindings-node/package.json').peerDependencies['faststar-sandbox'], version);
  });
});

describe('a sandbox', () => {
  test('both module systems have one implementation', () => {
    const required = createRequire(import.meta.url)('faststar/testing');
    assert.equal(required.Sandbox, testing.Sandbox);
    assert.ok(new required.SandboxError('no') instanceof FastStarError);
    assert.equal(String(new SandboxError('no')), 'SandboxError: no');
    assert.equal(String(new ExpectationError('no')), 'ExpectationError: no');
  });

  test('ends when it is closed, and may be closed again', async () => {
    const started = await Sandbox.start();
    await started.merchant();
    assert.ok(isRunning(started.pid));
    await Promise.all([started.close(), started.close()]);
    assert.ok(!isRunning(started.pid));
    await started.close();
    assert.equal(typeof started.log(), 'string');
  });

  test('is disposed of by await using', async () => {
    const started = await Sandbox.start();
    const merchant = await started.merchant();
    const receiver = await merchant.webhooks();
    await receiver[Symbol.asyncDispose]();
    await merchant[Symbol.asyncDispose]();
    await started[Symbol.asyncDispose]();
    assert.ok(!isRunning(started.pid));
  });

  for (const [how, end] of [
    ['which is idle, and is not kept alive', ''],
    ['by process.exit', 'process.exit(0)'],
    ['by a kill', 'process.kill(process.pid, "SIGKILL")'],
  ]) {
    test(`ends with the program that started it, ${how}`, async () => {
      const script = `
        import { Sandbox } from 'faststar/testing';
        const sandbox = await Sandbox.start();
        const merchant = await sandbox.merchant();
        const receiver = await merchant.webhooks();
        const session = await merchant.client.checkout.sessions.create({
          mode: 'setup', presentation: 'link',
        });
        await merchant.complete(session);
        globalThis.kept = [sandbox, receiver];
        process.stdout.write(sandbox.url);
        ${end}
      `;
      const { code, signal, out, err } = await run(script);
      assert.deepEqual([code, signal, err], how === 'by a kill' ? [null, 'SIGKILL', ''] : [0, null, '']);
      await ended(out);
    });
  }

  test('ends with the worker that started it', async () => {
    const worker = new Worker(new URL('./workers/sandbox.mjs', import.meta.url));
    const [url] = await once(worker, 'message');
    await worker.terminate();
    await ended(url);
  });

  test('keeps what it knows in a file', async (t) => {
    const database = join(folderOf(t), 'shop.db');
    let running = await Sandbox.start({ database });
    const merchant = await running.merchant();
    const { session } = await order(merchant);
    await running.close();
    running = await Sandbox.start({ database });
    const client = new FastStar(merchant.apiKey, { baseUrl: running.url });
    assert.equal((await client.checkout.sessions.retrieve(session.id)).status, 'open');
    await running.close();
  });

  test('says why it did not start', async (t) => {
    const database = join(folderOf(t), 'missing/shop.db');
    const fails = (options, message) => assert.rejects(Sandbox.start(options), (error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, message);
      return true;
    });
    await fails({ database }, /did not start: error: .*database/);
    await fails({ binary: '/bin/false' }, /did not start: it said nothing/);
    await fails({ binary: '/nowhere' }, /did not start: \/nowhere: ENOENT/);
    await fails({ databse: database }, /databse: there is no such option/);
  });

  test('has a log', async (t) => {
    const running = await Sandbox.start();
    const merchant = await running.merchant();
    const shop = await Shop.start(t, 'whsec_wrong');
    await merchant.deliverTo(shop.url);
    for (const told of [1, 2]) {
      await merchant.complete(await order(merchant));
      assert.equal(running.log().split('webhook not delivered').length - 1, told);
    }
    await running.close();
    assert.ok(!running.log().includes('\0'));
  });

  test('prints no secret', async (t) => {
    const merchant = await merchantOf(t);
    const receiver = await merchant.webhooks();
    const options = { depth: 9, showHidden: true, getters: false };
    const shown = inspect([sandbox, merchant, receiver], options) + JSON.stringify([sandbox, merchant, receiver]);
    assert.ok(shown.includes(merchant.id) && shown.includes(sandbox.url));
    for (const secret of [merchant.apiKey, merchant.webhookSecret]) assert.ok(!shown.includes(secret), shown);
  });
});

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until a sandbox of another process has ended: it closes its connections, and takes none. */
async function ended(url) {
  for (;;) {
    const socket = connect(new URL(url).port, '127.0.0.1');
    try {
      await once(socket.resume(), 'close');
    } catch (error) {
      assert.equal(error.code, 'ECONNREFUSED');
      return;
    }
  }
}

describe('the verbs', () => {
  test('a merchant sees nothing of another', async (t) => {
    const { session } = await order(await merchantOf(t));
    const other = await merchantOf(t, { kind: 'mor', defaultCurrency: 'EUR' });
    assert.equal(other.kind, 'mor');
    await assert.rejects(other.client.checkout.sessions.retrieve(session.id), NotFoundError);
    const european = await merchantOf(t, { defaultCurrency: 'EUR' });
    const adHoc = await european.client.checkout.sessions.create({
      mode: 'payment',
      presentation: 'link',
      line_items: [{ ad_hoc_amount: 100, quantity: 1 }],
    });
    assert.equal(adHoc.session.currency, 'EUR');
    await assert.rejects(sandbox.merchant({ currency: 'EUR' }), ConfigurationError);
  });

  test('the environment sells as the merchant', async (t) => {
    const merchant = await merchantOf(t);
    const script = `
      import { FastStar } from 'faststar';
      console.log((await new FastStar().checkout.sessions.create({ mode: 'setup', presentation: 'link' })).session.id);
    `;
    const { out } = await run(script, { env: merchant.env });
    assert.equal((await merchant.expire(out.trim())).status, 'expired');
    assert.equal(merchant.env.FASTSTAR_WEBHOOK_SECRET, merchant.webhookSecret);
  });

  test('the buyer pays', async (t) => {
    const merchant = await merchantOf(t);
    const paid = await merchant.complete(await order(merchant));
    assert.deepEqual([paid.status, paid.payment_status], ['complete', 'paid']);
    assert.deepEqual((await merchant.events()).map(({ type }) => type), ['payment.succeeded']);
    await assert.rejects(merchant.complete(paid), (error) => {
      assert.ok(error instanceof SandboxError);
      assert.match(error.message, /complete already/);
      assert.deepEqual([error.status, error.code], [409, 'session_already_completed']);
      return true;
    });
    const card = '4242 4242 4242 4242';
    assert.equal((await merchant.complete(await order(merchant), { card })).status, 'complete');
  });

  test('the buyer does not pay', async (t) => {
    const merchant = await merchantOf(t);
    const created = await order(merchant);
    const card = 'authentication';
    assert.equal((await merchant.complete(created, { card: 'declined' })).status, 'open');
    assert.equal((await merchant.complete(created.session, { card })).status, 'open');
    assert.equal((await merchant.complete(created, { card, authentication: 'failed' })).status, 'open');
    assert.deepEqual((await merchant.events()).map(({ type }) => type), ['payment.failed', 'payment.failed']);
    const approved = await merchant.complete(created.session.id, { card, authentication: 'approved' });
    assert.equal(approved.status, 'complete');
    await assert.rejects(merchant.complete(await order(merchant), { card: '4111' }), (error) => {
      assert.deepEqual([error.name, error.status, error.param], ['SandboxError', 400, 'card']);
      return true;
    });
    await assert.rejects(merchant.complete(created, { crad: 'declined' }), ConfigurationError);
  });

  test('time passes', async (t) => {
    const merchant = await merchantOf(t);
    const created = await order(merchant);
    const now = async () => (await merchant.client.checkout.sessions.retrieve(created.session.id)).status;
    const first = await merchant.advance({ seconds: 1 });
    const second = await merchant.advance({ hours: 23, minutes: 58 });
    assert.ok(second - first >= DAY - 2 * 60_000);
    assert.equal(await now(), 'open');
    await merchant.advance({ minutes: 1, seconds: 60 });
    assert.equal(await now(), 'expired');
    assert.ok((await merchant.advance({ days: 2 })) - second >= 2 * DAY);
    assert.equal((await merchant.expire(await order(merchant))).status, 'expired');
    await assert.rejects(merchant.advance({ hour: 1 }), ConfigurationError);
  });

  test('lists more events than a page has, in order', async (t) => {
    const merchant = await merchantOf(t);
    const created = await order(merchant);
    for (let n = 0; n < 102; n += 1) await merchant.complete(created, { card: 'declined' });
    await merchant.complete(created);
    const types = (await merchant.events()).map(({ type }) => type);
    assert.deepEqual(types, [...Array(102).fill('payment.failed'), 'payment.succeeded']);
  });
});

describe('webhooks', () => {
  test('the receiver waits and verifies', async (t) => {
    const merchant = await merchantOf(t);
    const receiver = await merchant.webhooks();
    assert.equal(await merchant.webhooks(), receiver);
    const created = await order(merchant);
    const waiting = receiver.waitFor('payment.succeeded');
    await merchant.complete(created);
    const event = await waiting;
    assert.equal(event.data.checkout_session_id, created.session.id);
    assert.deepEqual(receiver.events, [event]);
    assert.equal(receiver.received[0].headers['x-webhook-id'], event.id);
    assert.deepEqual(webhooks.parse(receiver.received[0].body), event);
    const nothing = { timeout: 0 };
    await assert.rejects(receiver.waitFor('payment.refunded', nothing), {
      name: 'ExpectationError',
      message: 'no payment.refunded within 0 ms; what came: payment.succeeded',
    });
    await assert.rejects(receiver.waitFor('payment.succeeded', nothing), ExpectationError);
    await merchant.complete(await order(merchant));
    assert.notEqual((await receiver.waitFor('payment.succeeded', nothing)).id, event.id);
  });

  test('the receiver has what came before its first use', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    await merchant.deliverTo(shop.url);
    shop.careful = false;
    const created = await order(merchant);
    await merchant.complete(created, { card: 'declined' });
    await merchant.complete(created);
    const receiver = await merchant.webhooks();
    await receiver.waitFor('payment.succeeded', { timeout: 0 });
    assert.deepEqual(receiver.events.map(({ type }) => type), ['payment.failed', 'payment.succeeded']);
    // Nobody else hears of it again.
    assert.equal(shop.count(), 1);
  });

  test('a live server gets events while the verb runs', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    await merchant.deliverTo(new URL(shop.url));
    await merchant.complete(await order(merchant, 'order_7'));
    assert.deepEqual(shop.paid, ['order_7']);
  });

  test('nothing is sent for a merchant that is closed', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    await merchant.deliverTo(shop.url);
    const receiver = await merchant.webhooks();
    await merchant.close();
    await merchant.complete(await order(merchant));
    assert.equal(shop.count(), 0);
    assert.deepEqual(await states(merchant), []);
    assert.deepEqual(receiver.received, []);
    await merchant.close();
  });

  test('duplicates', async (t) => {
    const merchant = await merchantOf(t);
    const receiver = await merchant.webhooks();
    await merchant.deliver({ duplicate: 2 });
    await merchant.complete(await order(merchant));
    assert.equal(receiver.events.length, 3);
    assert.equal(new Set(receiver.events.map(({ id }) => id)).size, 1);
    for (let n = 0; n < 3; n += 1) await receiver.waitFor('payment.succeeded', { timeout: 0 });
  });

  test('another order', async (t) => {
    const merchant = await merchantOf(t);
    const receiver = await merchant.webhooks();
    await merchant.deliver({ reorder: 2 });
    await merchant.complete(await order(merchant, 'first'));
    assert.deepEqual(receiver.events, []);
    await merchant.complete(await order(merchant, 'second'));
    assert.deepEqual(receiver.events.map(({ data }) => data.client_reference_id), ['second', 'first']);
  });

  test('a wrong signature is refused, and the right one comes later', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    await merchant.deliverTo(shop.url);
    await merchant.deliver({ corruptSignature: 1 });
    await merchant.complete(await order(merchant));
    assert.equal(shop.count(), 0);
    const [sent] = await merchant.events();
    assert.deepEqual(sent.deliveries[0].attempts.map(({ status }) => status), [400]);
    await merchant.advance({ seconds: 5 });
    assert.equal(shop.count(), 1);
    assert.deepEqual(await states(merchant), ['delivered']);
  });

  test('the receiver keeps what it refused', async (t) => {
    const merchant = await merchantOf(t);
    const receiver = await merchant.webhooks();
    await assert.rejects(receiver.waitFor('payment.succeeded', { timeout: 0 }), /nothing came/);
    await merchant.deliver({ corruptSignature: 1 });
    await merchant.complete(await order(merchant));
    const [{ event, error }] = receiver.received;
    assert.deepEqual([event, error.code], [undefined, 'signature_mismatch']);
    await assert.rejects(receiver.waitFor('payment.succeeded', { timeout: 0 }), /what came: refused: /);
  });

  for (const fault of ['drop', 'dropAnswer']) {
    test(`what was lost by ${fault} is sent by the next deliver`, async (t) => {
      const merchant = await merchantOf(t);
      const shop = await Shop.start(t, merchant.webhookSecret);
      await merchant.deliverTo(shop.url);
      await merchant.deliver({ [fault]: 1 });
      await merchant.complete(await order(merchant));
      assert.equal(shop.count(), fault === 'drop' ? 0 : 1);
      assert.deepEqual(await states(merchant), ['pending']);
      const [{ deliveries }] = await merchant.deliver();
      assert.equal(shop.count(), 1);
      assert.equal(deliveries[0].state, 'delivered');
      assert.deepEqual(deliveries[0].attempts.map(({ error }) => error === undefined), [false, true]);
    });
  }

  test('a late event', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    await merchant.deliverTo(shop.url);
    await merchant.deliver({ delay: 3600_000 });
    await merchant.complete(await order(merchant));
    await merchant.advance({ minutes: 59 });
    assert.equal(shop.count(), 0);
    await merchant.advance({ minutes: 1 });
    assert.equal(shop.count(), 1);
    await assert.rejects(merchant.deliver({ drops: 1 }), ConfigurationError);
  });
});

describe('an event that must take effect once', () => {
  test('a careful shop passes', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    await merchant.deliverTo(shop.url);
    const receiver = await merchant.webhooks();
    await merchant.complete(await order(merchant));
    await merchant.expectProcessedOnce(shop.count, { times: 4, atOnce: 4 });
    assert.equal(receiver.received.length, 1);
  });

  test('a careless shop is found', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    shop.careful = false;
    await merchant.deliverTo(shop.url);
    await merchant.complete(await order(merchant));
    await assert.rejects(merchant.expectProcessedOnce(async () => shop.count()), (error) => {
      assert.ok(error instanceof ExpectationError);
      assert.match(error.message, /^payment\.succeeded evt_\w+ took effect 2 times after 1 deliveries/);
      return true;
    });
  });

  test('a race is found', async (t) => {
    const merchant = await merchantOf(t);
    const paid = [];
    const receive = async (body) => {
      const known = paid.length > 0;
      await new Promise(setImmediate);
      return known ? 200 : paid.push(body);
    };
    await merchant.complete(await order(merchant));
    const once = merchant.expectProcessedOnce(() => paid.length, { to: receive, atOnce: 2 });
    await assert.rejects(once, /took effect 2 times after 2 deliveries at once/);
  });

  test('a race of a running server is found', async (t) => {
    const merchant = await merchantOf(t);
    const shop = await Shop.start(t, merchant.webhookSecret);
    shop.careful = false;
    await merchant.complete(await order(merchant));
    // After the payment, so that the shop does not know the event yet.
    await merchant.deliverTo(shop.url);
    const once = merchant.expectProcessedOnce(shop.count, { atOnce: 4 });
    await assert.rejects(once, /took effect 4 times after 4 deliveries at once/);
  });

  test('no effect is found, with what was answered', async (t) => {
    const merchant = await merchantOf(t);
    const shop = new Shop('whsec_wrong');
    await merchant.complete(await order(merchant));
    const answered = async (to, times = 2) => {
      const once = merchant.expectProcessedOnce(shop.count, { to, times });
      const { message } = await once.then(assert.fail, (error) => error);
      return /took no effect; the receiver answered (.*)/.exec(message)?.[1];
    };
    assert.equal(await answered(shop.receive), '400, 400');
    assert.equal(await answered(async () => new Response('', { status: 401 })), '401, 401');
    assert.equal(await answered(() => ({ statusCode: 500 }), 1), '500');
    const failing = { to: () => Promise.reject(new Error('hung up')), times: 0, atOnce: 2 };
    await assert.rejects(merchant.expectProcessedOnce(shop.count, failing), /answered Error: hung up, Error: hung up/);
  });

  test('it says what is missing', async (t) => {
    const merchant = await merchantOf(t);
    const once = () => merchant.expectProcessedOnce(() => 1);
    await assert.rejects(once(), /there is no payment.succeeded yet; complete a session first/);
    await merchant.complete(await order(merchant));
    await (await merchant.webhooks()).waitFor('payment.succeeded');
    await assert.rejects(once(), /nothing receives: call deliverTo/);
    for (const wrong of [{ time: 2 }, { times: NaN }, { times: '5' }, { atOnce: -1 }]) {
      await assert.rejects(merchant.expectProcessedOnce(() => 1, wrong), ConfigurationError);
    }
  });

  test('a function needs no server', async (t) => {
    const merchant = await merchantOf(t);
    const shop = new Shop(merchant.webhookSecret);
    const created = await order(merchant);
    await merchant.complete(created, { card: 'declined' });
    await merchant.complete(created);
    assert.deepEqual(await merchant.replay(shop.receive, { corruptSignature: true }), [400, 400]);
    assert.equal(shop.count(), 0);
    assert.deepEqual(await merchant.replay(shop.receive, { type: 'payment.failed' }), [200]);
    assert.equal(shop.count(), 0);
    await merchant.expectProcessedOnce(shop.count, { to: shop.receive });
    assert.deepEqual(await merchant.replay(shop.receive), [200, 200]);
    assert.equal(shop.count(), 1);
  });
});
