/** What the client does beyond the scenarios: refusals, retries, deadlines, aborts, options, lists. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';

import * as faststar from 'faststar';
import { CREATED, failed, ok, REQUEST, serve, SESSION } from './support.mjs';

const { FastStar, FastStarError } = faststar;
const KEY = 'CANARY-key';
const never = () => new Promise(() => {});

const make = ({ url }, options) => new FastStar(KEY, { baseUrl: url, ...options });

/** Gives what a call throws. */
async function thrown(promise) {
  const error = await promise.then(
    (value) => assert.fail(`not refused: ${inspect(value)}`),
    (error) => error,
  );
  assert.ok(error instanceof FastStarError, inspect(error));
  assert.ok(!`${error.stack} ${inspect(error)}`.includes('CANARY'), inspect(error));
  return error;
}

const circle = {};
circle.self = circle;

for (const [item, param, code, words] of [
  [{ ad_hoc_amount: true }, 'ad_hoc_amount', 'invalid_type', ['integer', 'bool']],
  [{ ad_hoc_amount: 19.99 }, 'ad_hoc_amount', 'invalid_type', ['1999']],
  [{ ad_hoc_amount: NaN }, 'ad_hoc_amount', 'invalid_value', ['NaN']],
  [{ ad_hoc_amount: -Infinity }, 'ad_hoc_amount', 'invalid_value', ['-Infinity']],
  [{ ad_hoc_amount: 2 ** 53 }, 'ad_hoc_amount', 'out_of_range', ['BigInt']],
  [{ ad_hoc_amount: 1e300 }, 'ad_hoc_amount', 'out_of_range', ['maximum']],
  [{ ad_hoc_amount: 2n ** 63n }, 'ad_hoc_amount', 'out_of_range', ['maximum']],
  [{ ad_hoc_amount: -(2n ** 63n) - 1n }, 'ad_hoc_amount', 'out_of_range', ['minimum']],
  [{ ad_hoc_amount: '1999' }, 'ad_hoc_amount', 'invalid_type', ['integer']],
  [{ ad_hoc_amount: Object(1999) }, 'ad_hoc_amount', 'invalid_type', ['Number']],
  [{ ad_hoc_amount: { toJSON: () => '19.99' } }, 'ad_hoc_amount', 'invalid_type', ['string']],
  [{ price_id: 'p', quantity: true }, 'quantity', 'invalid_type', ['bool']],
  [{ price_id: 'p', quantity: 0 }, 'quantity', 'out_of_range', ['at least 1']],
  [{ price_id: Buffer.from('p') }, 'price_id', 'invalid_type', ['Uint8Array']],
  [{ price_id: 'a\ud800' }, 'price_id', 'invalid_string', ['surrogate']],
  [{ price_id: 'p', 'a\udc00': 1 }, undefined, 'invalid_string', ['surrogate']],
  [{ price_id: 'p', description: new Date(0) }, 'description', 'invalid_type', ['Date', 'string']],
  [{ price_id: 'p', description: new URL('https://a') }, 'description', 'invalid_type', ['href']],
  [{ price_id: 'p', tomorrow: new Map() }, 'tomorrow', 'invalid_type', ['fromEntries']],
  [{ price_id: 'p', tomorrow: new Set() }, 'tomorrow', 'invalid_type', ['[...set]']],
  [{ price_id: Promise.resolve('p') }, 'price_id', 'invalid_type', ['await']],
  [{ price_id: 'p', tomorrow: () => 1 }, 'tomorrow', 'invalid_type', ['function']],
  [{ price_id: 'p', tomorrow: Symbol('s') }, 'tomorrow', 'invalid_type', ['symbol']],
  [{ price_id: 'p', tomorrow: [undefined] }, 'tomorrow[0]', 'invalid_type', ['undefined']],
  [{ price_id: 'p', tomorrow: [1, { deep: [NaN] }] }, 'tomorrow[1].deep[0]', 'invalid_value', ['NaN']],
]) {
  test(`a wrong value is refused with its place, and nothing is sent: ${inspect(item)}`, async (t) => {
    const server = await serve(t, () => ok(CREATED));
    const params = { ...REQUEST, line_items: [{ price_id: 'p' }, item] };
    const error = await thrown(make(server).checkout.sessions.create(params));
    assert.equal(error.name, 'ValidationError');
    const place = param === undefined ? 'line_items[1]' : `line_items[1].${param}`;
    assert.deepEqual([error.param, error.code, error.status], [place, code, undefined]);
    for (const word of words) assert.ok(error.message.includes(word), error.message);
    assert.ok(error.message.startsWith(`${place}: `));
    assert.equal(server.requests.length, 0);
  });
}

for (const [what, params, code] of [
  ['a request that contains itself', { ...REQUEST, line_items: [circle] }, 'nesting_too_deep'],
  ['no request', undefined, 'invalid_type'],
  ['null', null, 'invalid_type'],
  ['a list', [REQUEST], 'invalid_type'],
  ['a text', 'payment', 'invalid_type'],
  ['a request without a mode', { presentation: 'iframe' }, 'missing_field'],
]) {
  test(`${what} is refused by a rejection`, async (t) => {
    const server = await serve(t, () => ok(CREATED));
    const error = await thrown(make(server).checkout.sessions.create(params));
    assert.deepEqual([error.name, error.code], ['ValidationError', code]);
    assert.equal(server.requests.length, 0);
  });
}

test('what a getter of the user throws comes through', async (t) => {
  const server = await serve(t, () => ok(CREATED));
  const params = {
    ...REQUEST,
    get success_url() {
      throw new RangeError('mine');
    },
  };
  await assert.rejects(make(server).checkout.sessions.create(params), /^RangeError: mine$/);
});

test('what is sent is what was given', async (t) => {
  const server = await serve(t, () => ok(CREATED));
  class Item {
    price_id = 'price_1';
    quantity = 2n;
    ad_hoc_amount = undefined;
    tomorrow = [null, 1.5, 1e-7, -0, { é: 2n ** 63n - 1n, '"': '\u2028\u0000' }, { toJSON: () => [true] }];
  }
  const params = { ...REQUEST, line_items: [new Item()], customer_email: null, cancel_url: undefined };
  const created = await make(server).checkout.sessions.create(params);
  const [{ method, path, headers, body }] = server.requests;
  assert.deepEqual([method, path], ['POST', '/api/v1/public/checkout/sessions']);
  assert.equal(headers['x-api-key'], KEY);
  const agent = `faststar-node/${faststar.VERSION} node/${process.versions.node} `;
  assert.ok(headers['user-agent'].startsWith(agent), headers['user-agent']);
  assert.match(`${body}`, /"é":9223372036854775807/);
  assert.deepEqual(JSON.parse(body).line_items, [
    {
      price_id: 'price_1',
      quantity: 2,
      tomorrow: [null, 1.5, 1e-7, 0, { é: 2 ** 63, '"': '\u2028\u0000' }, [true]],
    },
  ]);
  assert.equal(created.session.amount_total, 1079);
  assert.equal(created.requestId, 'req_1');
  assert.deepEqual(created.session.tomorrow, { new: [1] });
});

test('a failure that may pass is tried again with one key', async (t) => {
  const answers = [null, failed(503), ok(CREATED)];
  const server = await serve(t, (n) => answers[n - 1]);
  await make(server).checkout.sessions.create(REQUEST);
  assert.equal(server.requests.length, 3);
  assert.equal(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
  assert.equal(new Set(server.requests.map(({ body }) => `${body}`)).size, 1);
});

test('a call has options of its own', async (t) => {
  const server = await serve(t, () => failed(503));
  const options = { idempotencyKey: 'order-1', maxRetries: 0, timeout: 20_000 };
  const error = await thrown(make(server).checkout.sessions.create(REQUEST, options));
  assert.deepEqual(server.requests.map(({ headers }) => headers['idempotency-key']), ['order-1']);
  assert.deepEqual(
    [error.name, error.status, error.requestId, error.retryable],
    ['ServerError', 503, 'req_9', true],
  );
});

for (const [status, name] of [
  [400, 'ValidationError'],
  [401, 'AuthenticationError'],
  [402, 'PaymentError'],
  [403, 'PermissionDeniedError'],
  [404, 'NotFoundError'],
  [409, 'ConflictError'],
  [422, 'ConflictError'],
  [429, 'RateLimitError'],
  [500, 'ServerError'],
  [302, 'UnexpectedResponseError'],
]) {
  test(`status ${status} is a ${name}`, async (t) => {
    const server = await serve(t, () => failed(status));
    const error = await thrown(make(server, { maxRetries: 0 }).checkout.sessions.retrieve('cs_1'));
    assert.ok(error instanceof faststar[name] && error instanceof Error);
    assert.equal(error.constructor, faststar[name]);
    assert.deepEqual([error.name, error.status], [name, status]);
    assert.deepEqual(Object.keys(error).sort(), [
      'attempts', 'code', 'idempotencyKey', 'networkError', 'outcomeUnknown', 'param', 'requestId',
      'retryAfter', 'retryable', 'status',
    ]);
  });
}

test('one deadline holds over all attempts', async (t) => {
  const server = await serve(t, never);
  const error = await thrown(make(server, { timeout: 200 }).checkout.sessions.retrieve('cs_1'));
  assert.deepEqual([error.name, error.code], ['APITimeoutError', 'timeout']);
  assert.ok(error instanceof faststar.APIConnectionError);
});

test('nobody listens', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const url = `http://127.0.0.1:${free.address().port}`;
  free.close();
  await once(free, 'close');
  const error = await thrown(make({ url }, { maxRetries: 0 }).checkout.sessions.retrieve('cs_1'));
  assert.equal(error.name, 'APIConnectionError');
  assert.equal(error.status, undefined);
});

test('the stack of an error shows who called', async (t) => {
  const server = await serve(t, () => failed(404));
  async function shopkeeper() {
    await make(server).checkout.sessions.retrieve('cs_1');
  }
  assert.match((await thrown(shopkeeper())).stack, /at async shopkeeper/);
  async function careless() {
    await make(server).checkout.sessions.create({ ...REQUEST, line_items: [{}] });
  }
  assert.match((await thrown(careless())).stack, /at .*careless/);
});

test('an abort closes the connection', async (t) => {
  const listener = createServer().listen(0, '127.0.0.1');
  t.after(() => listener.close());
  await once(listener, 'listening');
  const controller = new AbortController();
  const reason = new Error('the buyer left');
  const url = `http://127.0.0.1:${listener.address().port}`;
  const call = make({ url }).checkout.sessions.create(REQUEST, { signal: controller.signal });
  const [socket] = await once(listener, 'connection');
  socket.on('error', () => {});
  await once(socket, 'data');
  controller.abort(reason);
  const error = await thrown(call);
  assert.ok(error instanceof faststar.AbortError);
  assert.deepEqual([error.name, error.code, error.retryable], ['AbortError', 'aborted', false]);
  assert.equal(error.cause, reason);
  if (!socket.destroyed) await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
});

test('an aborted signal sends nothing, and one that comes late does nothing', async (t) => {
  const server = await serve(t, () => ok(SESSION));
  const sessions = make(server).checkout.sessions;
  const error = await thrown(sessions.retrieve('cs_1', { signal: AbortSignal.abort() }));
  assert.equal(error.cause.name, 'AbortError');
  assert.equal(server.requests.length, 0);
  const controller = new AbortController();
  await sessions.retrieve('cs_1', { signal: controller.signal });
  controller.abort();
  assert.equal((await sessions.retrieve('cs_1')).id, 'cs_1');
});

test('a signal that many calls share keeps no listener of a call that has ended', async (t) => {
  const server = await serve(t, () => ok(SESSION));
  const { signal } = new AbortController();
  let listeners = 0;
  let most = 0;
  const counted = {
    aborted: false,
    reason: undefined,
    addEventListener: (...all) => ((most = Math.max(most, (listeners += 1))), signal.addEventListener(...all)),
    removeEventListener: (...all) => ((listeners -= 1), signal.removeEventListener(...all)),
  };
  const sessions = make(server).checkout.sessions;
  await Promise.all(Array.from({ length: 20 }, () => sessions.retrieve('cs_1', { signal: counted })));
  // Node warns of a leak where there are eleven.
  assert.deepEqual([listeners, most], [0, 1]);
});

test('many calls share a client', async (t) => {
  const server = await serve(t, (n, path) => ok({ ...SESSION, id: path.split('/').at(-1) }));
  const client = make(server);
  const ids = Array.from({ length: 200 }, (_, index) => `cs_${index}`);
  const sessions = await Promise.all(ids.map((id) => client.checkout.sessions.retrieve(id)));
  assert.deepEqual(sessions.map(({ id }) => id), ids);
});

/** Pages as a server has them: cursor to items and the next cursor. */
function paged(pages) {
  return (_n, path) => {
    const cursor = new URL(path, 'http://x').searchParams.get('cursor') ?? '';
    const [items, next_cursor] = pages[cursor];
    return ok({ items: items.map((id) => ({ id, name: id })), next_cursor });
  };
}

const collect = async (list) => {
  const ids = [];
  for await (const { id } of list) ids.push(id);
  return ids;
};

test('a list walks all its pages, and never in a circle', async (t) => {
  const pages = { '': [['a', 'b'], 'c1'], c1: [['c'], 'c2'], c2: [['d'], null] };
  const server = await serve(t, paged(pages));
  const { products } = make(server).catalog;
  const list = products.list({ limit: 2 });
  assert.equal(server.requests.length, 0);
  assert.deepEqual(await collect(list), ['a', 'b', 'c', 'd']);
  assert.equal(server.requests.length, 3);
  assert.ok(server.requests.every(({ path }) => path.includes('limit=2')));
  const page = await list;
  assert.deepEqual([page.items.length, page.next_cursor, page.requestId], [2, 'c1', 'req_1']);
  const next = await page.nextPage();
  assert.deepEqual(await collect(next), ['c', 'd']);
  assert.equal(await (await next.nextPage()).nextPage(), null);
  assert.deepEqual(await collect(products.list({ cursor: 'c2' })), ['d']);
  pages.c2 = [['d'], 'c1'];
  const error = await thrown(collect(products.list()));
  assert.equal(error.name, 'UnexpectedResponseError');
});

test('a list that is left early asks for no further page', async (t) => {
  const server = await serve(t, paged({ '': [['a', 'b'], 'c1'] }));
  for await (const { id } of make(server).catalog.products.list()) {
    assert.equal(id, 'a');
    break;
  }
  assert.equal(server.requests.length, 1);
});

test('a list is a promise of its first page', async (t) => {
  const server = await serve(t, (n) => (n === 1 ? failed(404) : ok([])));
  const { products } = make(server).catalog;
  assert.equal(await products.list().catch((error) => error.name), 'NotFoundError');
  let ended = false;
  const page = await products.list().finally(() => (ended = true));
  assert.deepEqual([page.items, page.next_cursor, ended], [[], null, true]);
});

for (const limit of [true, -1, '5', 2.5, NaN]) {
  test(`a limit of ${inspect(limit)} is refused`, async (t) => {
    const server = await serve(t, () => ok([]));
    const error = await thrown(make(server).catalog.products.list({ limit }).then());
    assert.deepEqual([error.name, error.param], ['ValidationError', 'limit']);
    assert.equal(server.requests.length, 0);
  });
}

for (const [key, options, param] of [
  ['', {}, 'apiKey'],
  ['CANARY key', {}, 'apiKey'],
  [1, {}, 'apiKey'],
  [KEY, { baseUrl: 'http://CANARY.example' }, 'baseUrl'],
  [KEY, { baseUrl: new URL('https://a.example') }, 'baseUrl'],
  [KEY, { timeout: 0 }, 'timeout'],
  [KEY, { timeout: -1 }, 'timeout'],
  [KEY, { timeout: '30' }, 'timeout'],
  [KEY, { timeout: NaN }, 'timeout'],
  [KEY, { timeout: Infinity }, 'timeout'],
  [KEY, { maxRetries: -1 }, 'maxRetries'],
  [KEY, { maxRetries: 1.5 }, 'maxRetries'],
  [KEY, { maxRetries: 2 ** 32 }, 'maxRetries'],
  [KEY, { merchant: 1 }, 'merchant'],
  [KEY, { timeOut: 1 }, 'timeOut'],
  [KEY, { hooks: { before: () => {} } }, 'hooks.before'],
  [KEY, { hooks: { onRequest: 1 } }, 'hooks.onRequest'],
  [KEY, { hooks: [] }, 'hooks'],
  [KEY, null, 'options'],
]) {
  test(`a client that cannot work is refused: ${inspect(options)} ${param}`, () => {
    assert.throws(
      () => new FastStar(key, options),
      (error) => {
        assert.ok(error instanceof faststar.ConfigurationError, inspect(error));
        assert.deepEqual([error.param, error.code], [param, 'invalid_configuration']);
        assert.ok(!/CANARY|api_key|base_url|max_retries/.test(inspect(error)), inspect(error));
        return true;
      },
    );
  });
}

for (const [options, param, name = 'ConfigurationError'] of [
  [{ idempotency_key: 'a' }, 'idempotency_key'],
  [{ idempotencyKey: 'a b' }, 'idempotencyKey', 'ValidationError'],
  [{ idempotencyKey: 1 }, 'idempotencyKey'],
  [{ timeout: 0 }, 'timeout'],
  [{ timeout: true }, 'timeout'],
  [{ maxRetries: NaN }, 'maxRetries'],
  [{ signal: {} }, 'signal'],
  [null, 'options'],
]) {
  test(`an option of a call that cannot work is refused: ${inspect(options)}`, async (t) => {
    const server = await serve(t, () => ok(CREATED));
    const error = await thrown(make(server).checkout.sessions.create(REQUEST, options));
    assert.deepEqual([error.name, error.param], [name, param]);
    assert.equal(server.requests.length, 0);
  });
}

test('a call that creates nothing takes no key', async (t) => {
  const server = await serve(t, () => ok(SESSION));
  const client = make(server);
  const error = await thrown(client.checkout.sessions.retrieve('cs_1', { idempotencyKey: 'a' }));
  assert.deepEqual([error.name, error.param], ['ConfigurationError', 'idempotencyKey']);
  assert.equal((await thrown(client.checkout.sessions.retrieve(1))).param, 'id');
  assert.equal(server.requests.length, 0);
});

test('a misspelt name in what a list takes is refused', async (t) => {
  const server = await serve(t, () => ok({ items: [] }));
  const error = await thrown(make(server).catalog.products.list({ limits: 2 }));
  assert.deepEqual([error.name, error.param], ['ConfigurationError', 'limits']);
  assert.equal(server.requests.length, 0);
});

test('the environment names the key and the place', async (t) => {
  const server = await serve(t, () => ok(SESSION));
  t.after(() => {
    delete process.env.FASTSTAR_API_KEY;
    delete process.env.FASTSTAR_BASE_URL;
  });
  for (const nothing of [undefined, '']) {
    if (nothing === undefined) delete process.env.FASTSTAR_API_KEY;
    else process.env.FASTSTAR_API_KEY = nothing;
    assert.throws(() => new FastStar(), { name: 'ConfigurationError', param: 'FASTSTAR_API_KEY' });
  }
  process.env.FASTSTAR_API_KEY = 'from-the-environment';
  process.env.FASTSTAR_BASE_URL = server.url;
  await new FastStar().checkout.sessions.retrieve('cs_1');
  await new FastStar('given').checkout.sessions.retrieve('cs_1');
  const keys = server.requests.map(({ headers }) => headers['x-api-key']);
  assert.deepEqual(keys, ['from-the-environment', 'given']);
});

test('a Merchant of Record is told of an ad hoc amount before it is sent', async (t) => {
  const server = await serve(t, () => ok(CREATED));
  const params = { ...REQUEST, line_items: [{ ad_hoc_amount: 1, ad_hoc_currency: 'USD' }] };
  const error = await thrown(make(server, { merchant: 'mor' }).checkout.sessions.create(params));
  assert.equal(error.code, 'ad_hoc_not_allowed');
  assert.equal(server.requests.length, 0);
});

test('hooks are told of each call and of no secret', async (t) => {
  const answers = [ok(SESSION), failed(404, 'not_found')];
  const server = await serve(t, (n) => answers[n - 1]);
  const seen = [];
  const hooks = { onRequest: (info) => seen.push(info), onResponse: (info) => seen.push(info) };
  const client = make(server, { hooks });
  await client.checkout.sessions.retrieve('cs_1');
  const error = await thrown(client.checkout.sessions.retrieve('cs_2'));
  const [before, after, , failure] = seen;
  assert.equal(before.operation, 'checkout.sessions.retrieve');
  assert.equal(after.request, before);
  assert.deepEqual([after.status, after.requestId, after.attempts, after.error], [200, 'req_1', 1, undefined]);
  assert.ok(after.duration > 0);
  assert.deepEqual([failure.status, failure.requestId, failure.error], [404, 'req_9', error]);
  assert.ok(!inspect([seen, client], { depth: 9, showHidden: true }).includes('CANARY'));
});

for (const [what, broken] of [
  ['throws', () => { throw new RangeError('from the hook'); }],
  ['rejects', async () => { await new Promise(setImmediate); throw new RangeError('from the hook'); }],
]) {
  for (const name of ['onRequest', 'onResponse']) {
    test(`${name} that ${what} is logged and costs no result`, async (t) => {
      const logged = t.mock.method(console, 'error', () => {});
      const answers = [ok(SESSION), failed(404, 'not_found')];
      const server = await serve(t, (n) => answers[n - 1]);
      const client = make(server, { hooks: { [name]: broken } });
      assert.equal((await client.checkout.sessions.retrieve('cs_1')).id, 'cs_1');
      assert.equal((await thrown(client.checkout.sessions.retrieve('cs_2'))).name, 'NotFoundError');
      const lines = logged.mock.calls.map(({ arguments: [line, error] }) => `${line} ${error.message}`);
      assert.equal(lines.length, 2);
      assert.ok(lines.every((line) => line.includes(name) && line.includes('from the hook')), inspect(lines));
    });
  }
}

test('an error says what the answer said', async (t) => {
  const server = await serve(t, () => failed(503, 'overloaded', { 'retry-after': '90' }));
  const error = await thrown(make(server).checkout.sessions.create(REQUEST, { idempotencyKey: 'order_1' }));
  assert.deepEqual([error.attempts, error.retryAfter, error.idempotencyKey], [1, 90_000, 'order_1']);
  assert.deepEqual([error.outcomeUnknown, error.networkError], [false, undefined]);
  assert.equal(error.headers['retry-after'], '90');
});

test('an unknown outcome has the key to ask again', async (t) => {
  const server = await serve(t, (n) => (n <= 3 ? [200, {}, ''] : ok(CREATED)));
  const error = await thrown(make(server).checkout.sessions.create(REQUEST));
  assert.deepEqual([error.name, error.attempts, error.outcomeUnknown], ['UnexpectedResponseError', 3, true]);
  assert.equal(server.requests[0].headers['idempotency-key'], error.idempotencyKey);
  assert.ok(error.message.includes(error.idempotencyKey), error.message);
  const created = await make(server).checkout.sessions.create(REQUEST, { idempotencyKey: error.idempotencyKey });
  assert.equal(created.session.id, 'cs_1');
});

test('an aborted call has the key to ask again, and one that changes nothing has none', async (t) => {
  const server = await serve(t, never);
  const abort = (begin) => {
    const controller = new AbortController();
    const call = thrown(begin(controller.signal));
    server.server.once('arrived', () => controller.abort());
    return call;
  };
  const { checkout } = make(server);
  const error = await abort((signal) => checkout.sessions.create(REQUEST, { signal }));
  assert.deepEqual([error.name, error.outcomeUnknown], ['AbortError', true]);
  assert.equal(error.idempotencyKey, server.requests[0].headers['idempotency-key']);
  const read = await abort((signal) => checkout.sessions.retrieve('cs_1', { signal }));
  assert.deepEqual([read.outcomeUnknown, read.idempotencyKey], [false, undefined]);
  const early = await thrown(checkout.sessions.create(REQUEST, { signal: AbortSignal.abort() }));
  assert.deepEqual([early.outcomeUnknown, early.idempotencyKey], [false, undefined]);
});

test('a refused connection says so', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  await new Promise((done) => server.close(done));
  const error = await thrown(make({ url }, { maxRetries: 1 }).checkout.sessions.create(REQUEST));
  assert.deepEqual([error.networkError, error.attempts, error.outcomeUnknown], ['refused', 2, false]);
});

test('an answer that the API does not give is told as such', async (t) => {
  const server = await serve(t, () => [200, { 'x-request-id': 'req_2' }, '<html>']);
  const error = await thrown(make(server).checkout.sessions.create(REQUEST, { maxRetries: 0 }));
  assert.deepEqual([error.name, error.requestId], ['UnexpectedResponseError', 'req_2']);
});
