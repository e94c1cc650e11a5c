/** Results and errors as JavaScript values; integers; webhooks' bodies; what is printed. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { createContext, runInContext, runInNewContext } from 'node:vm';

import * as faststar from 'faststar';
import { CREATED, internal, ok, REQUEST, serve, SESSION } from './support.mjs';

const { webhooks } = faststar;
const { parse, write } = internal('json');

const EVENT =
  '{"id":"evt_1","type":"payment.succeeded","created":1769900000,"data":{"payment_id":"pi_1",' +
  '"amount":1999,"currency":"USD","status":"succeeded","new":123456789012345678901234567890},' +
  '"livemode":true,"api_version":"v1"}';

async function created(t, data = CREATED) {
  const server = await serve(t, () => ok(data));
  return new faststar.FastStar('k', { baseUrl: server.url }).checkout.sessions.create(REQUEST);
}

/** What of `CREATED` is no secret. */
const { url: _url, session_token: _token, session: { session_token: _same, ...OPEN_SESSION } } = CREATED;

test('a result has the fields of the wire, and its secrets by name', async (t) => {
  const result = await created(t);
  assert.deepEqual({ ...result, session: { ...result.session } }, { session: OPEN_SESSION });
  const { url, session_token: token, session } = result;
  assert.deepEqual([url, token, session.session_token], [CREATED.url, CREATED.session_token, SESSION.session_token]);
  assert.ok('url' in result && 'session_token' in session && !('url' in session));
  assert.equal(result.requestId, 'req_1');
  assert.deepEqual(Object.keys(result), ['session']);
  // What libraries ask of a plain object.
  assert.equal(result.constructor, Object);
  assert.equal(`${session} ${Object.prototype.toString.call(session)}`, '[object Object] [object Object]');
  assert.deepEqual([session.hasOwnProperty('id'), session.hasOwnProperty('url')], [true, false]);
});

for (const [name, copy] of Object.entries({
  structuredClone,
  spread: (result) => ({ ...result, session: { ...result.session } }),
  JSON: (result) => JSON.parse(JSON.stringify(result)),
  'Object.assign': (result) => Object.assign({}, result, { session: Object.assign({}, result.session) }),
  v8: (result) => deserialize(serialize(result)),
})) {
  test(`a copy keeps what is no secret, and no secret: ${name}`, async (t) => {
    const copied = copy(await created(t));
    assert.deepEqual(copied, { session: OPEN_SESSION });
    assert.ok(!inspect(copied, { depth: 9, showHidden: true }).includes('CANARY'));
  });
}

test('a copy of a cashier URL has no token', () => {
  assert.deepEqual(structuredClone(faststar.checkCashierUrl(CREATED.url)), { sessionId: 'cs_1' });
});

test('results with equal fields are equal', async (t) => {
  const [one, other] = [await created(t), await created(t)];
  assert.deepEqual(one, other);
  assert.notDeepEqual(one, await created(t, { ...CREATED, session: { ...SESSION, status: 'complete' } }));
});

test('a result does not change', async (t) => {
  const result = await created(t);
  assert.throws(() => (result.url = 'https://evil.example'), TypeError);
  assert.throws(() => (result.session.amount_total = 1), TypeError);
  assert.throws(() => result.session.tomorrow.new.push(2), TypeError);
});

test('no secret is printed', async (t) => {
  const result = await created(t);
  const { session } = result;
  for (const shown of [
    inspect(result, { depth: 9, showHidden: true }),
    inspect({ deep: { result } }, { depth: 9 }),
    inspect(session),
    inspect([session], { compact: false }),
    inspect(result, { depth: 9, showHidden: true, customInspect: false, getters: true }),
    format('%o %O %s', result, result, session),
  ]) {
    assert.ok(!shown.includes('CANARY'), shown);
  }
  assert.match(inspect(result), /session_token: '\[redacted\]'/);
  assert.match(inspect(result), /checkout\/cs_1\?\[redacted\]'/);
  assert.match(inspect(session), /amount_total: 1079/);
});

test('an integer that a number cannot hold is a BigInt, to the last digit', async (t) => {
  const large = { ...SESSION, amount_subtotal: 0, amount_total: 1 };
  const text = JSON.stringify({ success: true, data: large })
    .replace('"amount_subtotal":0', '"amount_subtotal":9007199254740993')
    .replace('"amount_total":1', '"amount_total":-9223372036854775808');
  const server = await serve(t, () => [200, {}, text]);
  const client = new faststar.FastStar('k', { baseUrl: server.url });
  const session = await client.checkout.sessions.retrieve('cs_1');
  assert.equal(session.amount_subtotal, 9007199254740993n);
  assert.equal(session.amount_total, -9223372036854775808n);
  assert.equal(session.amount_tax, 80);
  assert.throws(() => session.amount_total + 1, TypeError);
});

const LARGE = {
  payment: '{"payment_id":"pi_1","amount":9007199254740993,"currency":"USD","status":"succeeded"}',
  'a snowflake': '{"batch_id":1834567890123456789}',
  'beyond 64 bits': '{"id":-123456789012345678901234567890}',
  'deep within': '{"a":[{"b":[1,[2,36028797018963969]]}],"c":1}',
  'beside a toJSON': '{"toJSON":"x","b":{"toJSON":1,"c":9007199254740993}}',
};
for (const [name, data] of Object.entries(LARGE)) {
  test(`JSON.stringify writes each digit of an event: ${name}`, () => {
    const event = webhooks.parse(`{"id":"evt_1","type":"x","data":${data}}`);
    const digits = data.match(/\d{16,}/)[0];
    // The whole, a part of it, and both within something else.
    for (const value of [event, event.data, { event }, [event.data], { ...event }]) {
      const text = JSON.stringify(value);
      assert.match(text, new RegExp(`"-?${digits}"`));
      assert.ok(JSON.stringify(JSON.parse(text)).includes(digits));
    }
  });
}

test('an event without a large integer is written as it came', () => {
  const event = webhooks.parse(EVENT.replace(/,"new":\d+/, ''));
  assert.deepEqual(JSON.parse(JSON.stringify(event)), JSON.parse(EVENT.replace(/,"new":\d+/, '')));
  assert.deepEqual(Reflect.ownKeys(event.data), ['payment_id', 'amount', 'currency', 'status']);
});

test('a result keeps each digit of fields that this version does not know', async (t) => {
  const text = JSON.stringify({ success: true, data: { ...CREATED, far: { 'out': [1] } } })
    .replace('"new":[1]', '"new":[18446744073709551616,[-123456789012345678901234567890]]')
    .replace('"out":[1]', '"out":[1834567890123456789012,0.5]');
  const server = await serve(t, () => [200, {}, text]);
  const client = new faststar.FastStar('k', { baseUrl: server.url });
  const result = await client.checkout.sessions.create(REQUEST);
  assert.deepEqual(result.session.tomorrow, { new: [2n ** 64n, [-123456789012345678901234567890n]] });
  assert.deepEqual(result.far, { out: [1834567890123456789012n, 0.5] });
  assert.match(JSON.stringify(result), /"18446744073709551616",\["-123456789012345678901234567890"\]/);
});

for (const where of ['items', 'data', 'products', '']) {
  test(`an item of a list keeps each digit, with the items ${where ? `in ${where}` : 'as the answer'}`, async (t) => {
    const items = '[{"id":"prod_1","name":"Tea"},{"id":"prod_2","name":"Salt","stock":123456789012345678901}]';
    const data = where ? `{"${where}":${items}}` : items;
    const server = await serve(t, () => [200, {}, `{"success":true,"data":${data}}`]);
    const page = await new faststar.FastStar('k', { baseUrl: server.url }).catalog.products.list();
    assert.equal(page.items[1].stock, 123456789012345678901n);
    assert.match(JSON.stringify(page), /"stock":"123456789012345678901"/);
  });
}

test('a result with a BigInt is a request as it is', () => {
  const price = faststar.Price.from({ id: 'price_1', product_id: 'prod_1', currency: 'USD', unit_amount: 2n ** 60n });
  assert.equal(JSON.parse(JSON.stringify(price)).unit_amount, `${2n ** 60n}`);
  assert.equal(faststar.quoteSession(REQUEST, { prices: [price] }).total, 2n ** 60n);
});

for (const [json, wanted] of [
  ['{"a":9007199254740991}', { a: 9007199254740991 }],
  ['{"a":9007199254740992}', { a: 9007199254740992n }],
  ['[ -9007199254740993,1234567890123456]', [-9007199254740993n, 1234567890123456]],
  ['{"a":1.1234567890123456789,"b":[12345678901234567890e0]}', { a: 1.1234567890123457, b: [12345678901234567000] }],
  ['{"a":"9007199254740993","b":":9007199254740993","c":9007199254740993}', { a: '9007199254740993', b: ':9007199254740993', c: 9007199254740993n }],
  ['{"a":"\\",:9007199254740993","b":[9007199254740993]}', { a: '",:9007199254740993', b: [9007199254740993n] }],
  ['{"a\\\\":[9007199254740993]}', { 'a\\': [9007199254740993n] }],
  [`{"a":[9007199254740993],"b":"${'x'.repeat(5_000_000)}"}`, { a: [9007199254740993n], b: 'x'.repeat(5_000_000) }],
  [`{"a":[9007199254740993],"b":"${'\\n'.repeat(1_000_000)}"}`, { a: [9007199254740993n], b: '\n'.repeat(1_000_000) }],
]) {
  test(`JSON is read without rounding: ${json.slice(0, 60)}`, () => {
    assert.deepEqual(parse(json), wanted);
  });
}

test('a large integer is found wherever it stands', () => {
  for (let pad = 0; pad < 40; pad += 1) {
    const json = `{"p":"${'x'.repeat(pad)}","a":9007199254740993,"b":123456789012345}`;
    assert.deepEqual(parse(json), { p: 'x'.repeat(pad), a: 9007199254740993n, b: 123456789012345 });
  }
});

test('what was written reads back', () => {
  const value = { '': [null, true, 'é"\\\n', 0.1, -5, 2n ** 62n], ['__proto__']: { a: [] }, b: {} };
  assert.deepEqual(parse(write(value)), value);
});

for (const [kind, form] of Object.entries({
  Buffer: (text) => Buffer.from(text),
  Uint8Array: (text) => new TextEncoder().encode(text),
  'a part of a buffer': (text) => Buffer.from(`--${text}--`).subarray(2, -2),
  ArrayBuffer: (text) => new TextEncoder().encode(text).buffer,
  string: (text) => text,
  'bytes of another realm': (text) => runInNewContext('new Uint8Array(bytes)', { bytes: [...Buffer.from(text)] }),
})) {
  test(`a body is verified as ${kind}`, () => {
    const header = webhooks.signForTest(form(EVENT), 'whsec_1');
    const event = webhooks.verify(form(EVENT), header, 'whsec_1');
    assert.equal(event.data.amount, 1999);
    assert.equal(event.data.new, 123456789012345678901234567890n);
    assert.throws(() => (event.data.amount = 1), TypeError);
    const changed = form(EVENT.replace('1999', '1998'));
    assert.throws(() => webhooks.verify(changed, header, 'whsec_1'), {
      name: 'SignatureVerificationError',
      code: 'signature_mismatch',
    });
  });
}

for (const wrong of [JSON.parse(EVENT), [1], null, undefined, 1, new Uint16Array(2)]) {
  test(`a body that is no raw body is refused with the way out: ${inspect(wrong, { depth: 0 })}`, () => {
    for (const act of [
      () => webhooks.verify(wrong, 't=1,v1=00', 'whsec_1'),
      () => webhooks.signForTest(wrong, 'whsec_1'),
      () => webhooks.parse(wrong),
    ]) {
      assert.throws(act, (error) => {
        assert.deepEqual([error.name, error.param], ['ValidationError', 'rawBody']);
        assert.match(error.message, /raw body.*express\.raw/);
        return true;
      });
    }
  });
}

test('a header is what Node gives', () => {
  const header = webhooks.signForTest(EVENT, 'whsec_1');
  assert.equal(webhooks.verify(EVENT, [header], 'whsec_1').id, 'evt_1');
  for (const wrong of [undefined, null, '', 'x', [], [header, header]]) {
    assert.throws(() => webhooks.verify(EVENT, wrong, 'whsec_1'), faststar.SignatureVerificationError);
  }
});

for (const none of [undefined, null, '', ' ', [], [undefined], [''], ['whsec_1', '']]) {
  test(`a secret that is not set lets nothing through: ${inspect(none)}`, () => {
    const header = webhooks.signForTest(EVENT, '');
    // A missing secret comes first: it says nothing about the header.
    for (const value of [header, undefined, 'x', 't=1,v1=00']) {
      assert.throws(() => webhooks.verify(EVENT, value, none), (error) => {
        assert.ok(error instanceof faststar.ConfigurationError);
        assert.ok(!(error instanceof faststar.SignatureVerificationError));
        assert.equal(error.code, 'invalid_secret');
        assert.match(error.message, /secret of this endpoint/);
        return true;
      });
    }
  });
}

for (const none of [undefined, null, [], [null]]) {
  test(`nothing is signed without a secret: ${inspect(none)}`, () => {
    assert.throws(() => webhooks.signForTest(EVENT, none), { name: 'ConfigurationError', param: 'secret' });
  });
}

const buffer = (text) => Buffer.from(text);
const array = (text) => new TextEncoder().encode(text);
for (const [name, as] of Object.entries({ Buffer: buffer, Uint8Array: array })) {
  test(`header, secret and id are texts or their bytes: ${name}`, () => {
    const secret = 'whsec_\u043f\u{1f511}';
    const header = webhooks.signForTest(as(EVENT), as(secret));
    assert.equal(webhooks.verify(EVENT, header, secret).id, 'evt_1');
    for (const value of [as(header), [as(header)]]) {
      for (const key of [as(secret), [as('whsec_x'), as(secret)], [secret]]) {
        assert.equal(webhooks.verify(as(EVENT), value, key, { eventId: as('evt_1') }).id, 'evt_1');
      }
    }
    assert.throws(() => webhooks.verify(EVENT, as(header), as('whsec_x')), { code: 'signature_mismatch' });
    assert.throws(() => webhooks.verify(EVENT, header, as('')), { code: 'invalid_secret' });
    assert.throws(() => webhooks.verify(EVENT, header, secret, { eventId: as('evt_2') }), { code: 'event_id_mismatch' });
  });
}

for (const wrong of [1, true, {}, new Map(), () => 'whsec_1', Symbol('s'), 1n, new Uint8Array([0xff])]) {
  test(`a secret or header of another type is a mistake of the caller: ${inspect(wrong)}`, () => {
    const header = webhooks.signForTest(EVENT, 'whsec_1');
    for (const [param, act] of [
      ['secret', () => webhooks.verify(EVENT, header, wrong)],
      ['secret', () => webhooks.verify(EVENT, header, ['whsec_1', wrong])],
      ['secret', () => webhooks.signForTest(EVENT, wrong)],
      ['header', () => webhooks.verify(EVENT, wrong, 'whsec_1')],
      ['header', () => webhooks.verify(EVENT, [wrong], 'whsec_1')],
      ['eventId', () => webhooks.verify(EVENT, header, 'whsec_1', { eventId: wrong })],
    ]) {
      assert.throws(act, { name: 'ConfigurationError', param });
    }
  });
}

for (const options of [
  { tolerance: NaN },
  { tolerance: -1 },
  { tolerance: Infinity },
  { tolerance: '300' },
  { now: 1.5 },
  { now: new Date() },
  { eventId: 1 },
  { toleranse: 1 },
]) {
  test(`an option of verify that cannot work is refused: ${inspect(options)}`, () => {
    const header = webhooks.signForTest(EVENT, 'whsec_1');
    const param = Object.keys(options)[0];
    assert.throws(() => webhooks.verify(EVENT, header, 'whsec_1', options), {
      name: 'ConfigurationError',
      param,
    });
  });
}

test('a secret may be replaced, and an id is compared', () => {
  const header = webhooks.signForTest(EVENT, ['whsec_new', 'whsec_old'], { timestamp: 1769900300 });
  const options = { now: 1769900300, eventId: 'evt_1' };
  assert.equal(webhooks.verify(EVENT, header, ['whsec_x', 'whsec_old'], options).id, 'evt_1');
  assert.throws(() => webhooks.verify(EVENT, header, 'whsec_new', { ...options, eventId: 'evt_2' }), {
    code: 'event_id_mismatch',
  });
  assert.throws(() => webhooks.verify(EVENT, header, 'whsec_new', { now: 1769900301, tolerance: 0 }), {
    code: 'timestamp_too_old',
  });
});

test('a large body is verified', () => {
  const body = JSON.stringify({ id: 'evt_1', type: 'x', data: 'x'.repeat(5_000_000) });
  const header = webhooks.signForTest(body, 'whsec_1');
  assert.equal(webhooks.verify(body, header, 'whsec_1').data.length, 5_000_000);
});

test('no secret of a webhook is in an error', () => {
  for (const act of [
    () => webhooks.verify(EVENT, 'CANARY', 'CANARY'),
    () => webhooks.verify('{"CANARY":1}', webhooks.signForTest('{"CANARY":1}', 'CANARY'), 'CANARY'),
    () => webhooks.verify(EVENT, webhooks.signForTest(EVENT, 'CANARY'), 'CANARY '),
  ]) {
    assert.throws(act, (error) => !inspect(error).includes('CANARY'));
  }
});

test('an amount is an integer, exact to 64 bits', () => {
  assert.equal(faststar.formatMoney(1079, 'usd'), '10.79 USD');
  assert.equal(faststar.formatMoney(2n ** 63n - 1n, 'JPY'), '9223372036854775807 JPY');
  assert.deepEqual(faststar.parseMoney('10.79 USD'), { amount: 1079, currency: 'USD' });
  assert.equal(faststar.parseMoney('9223372036854775807 JPY').amount, 2n ** 63n - 1n);
  for (const wrong of [true, 1.5, '1', null, undefined, NaN, 2 ** 53, 2n ** 63n]) {
    assert.throws(() => faststar.formatMoney(wrong, 'USD'), { name: 'ValidationError', param: 'amount' });
  }
});

test('what is no text is refused by its name', () => {
  for (const [act, param] of [
    [() => faststar.formatMoney(1, 5), 'currency'],
    [() => faststar.parseMoney(5), 'text'],
    [() => faststar.taxRate(null), 'place'],
    [() => faststar.checkCashierUrl(new URL('https://cashier.faststarpay.com')), 'url'],
    [() => faststar.returnOutcome('https://a', { successUrl: 1, cancelUrl: 'https://b' }), 'successUrl'],
  ]) {
    assert.throws(act, { name: 'ValidationError', param });
  }
});

test('a quote names the place of a mistake, in the cart and in the catalog', () => {
  const cart = { currency: 'EUR', lines: [{ unit_amount: 1, quantity: 1 }, { unit_amount: NaN, quantity: 1 }] };
  assert.throws(() => faststar.quote(cart), { param: 'lines[1].unit_amount' });
  const prices = [{ id: 'price_1', currency: 'USD', unit_amount: 1.5 }];
  assert.throws(() => faststar.quoteSession(REQUEST, { prices }), { param: 'prices[0].unit_amount' });
  assert.throws(() => faststar.quoteSession(REQUEST, { prices: [{ at: new Date() }] }), { param: 'prices[0].at' });
  assert.throws(() => faststar.quoteSession(REQUEST), { name: 'NotFoundError' });
});

test('a request is checked offline, from an object, a text or bytes', () => {
  const text = JSON.stringify(REQUEST);
  for (const request of [REQUEST, text, Buffer.from(text)]) {
    assert.deepEqual(faststar.checkSession(request), REQUEST);
  }
  assert.throws(() => faststar.checkSession({ ...REQUEST, sucess_url: 'https://a' }, { strict: true }), {
    code: 'unknown_field',
    param: 'sucess_url',
  });
  assert.throws(() => faststar.checkSession('{"mode":1,"mode":2}'), { code: 'duplicate_key' });
});

test('the URL of the cashier leaves out its token where it is printed', () => {
  const checked = faststar.checkCashierUrl(CREATED.url);
  assert.deepEqual([checked.url, checked.sessionId], [CREATED.url, 'cs_1']);
  assert.ok(!`${checked} ${inspect(checked)} ${inspect([checked])}`.includes('CANARY'));
});

test('the package serves a realm of its own, as a test runner makes one', () => {
  // Each file runs in the other realm, and only the addon is of this one.
  const require = createRequire(import.meta.url);
  const realm = createContext({ process, Buffer, performance, AbortSignal });
  const loaded = new Map([['./native.js', internal('native')]]);
  const load = (name) => {
    if (!loaded.has(name)) {
      const module = { exports: {} };
      loaded.set(name, module.exports);
      const code = readFileSync(require.resolve(`../dist/${name.slice(2)}`), 'utf8');
      runInContext(`(function (exports, require) {${code}\n})`, realm)(module.exports, load);
    }
    return loaded.get(name);
  };
  const other = load('./index.js');
  const header = other.webhooks.signForTest(Buffer.from(EVENT), 'whsec_1');
  assert.equal(other.webhooks.verify(Buffer.from(EVENT), header, 'whsec_1').data.amount, 1999);
  assert.throws(
    () => other.webhooks.verify(EVENT, 'x', 'whsec_1'),
    (error) => error instanceof other.SignatureVerificationError,
  );
});

test('an error is printed with its place and what is known of it', () => {
  try {
    faststar.quote({ currency: 'EUR', lines: [{ unit_amount: -1, quantity: 1 }], country: 'DE' });
    assert.fail('not refused');
  } catch (error) {
    assert.equal(`${error}`, 'ValidationError: lines[0].unit_amount: unit_amount must be at least 0');
    assert.match(inspect(error), /param: 'lines\[0\]\.unit_amount'/);
    assert.match(error.stack, /values\.test\.mjs/);
  }
});
