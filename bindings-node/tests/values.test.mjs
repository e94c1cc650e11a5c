/** Results and errors as JavaScript values; integers; webhooks' bodies; what is printed. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
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

test('a result is a plain object as it was on the wire', async (t) => {
  const result = await created(t);
  assert.deepEqual(result, CREATED);
  assert.equal(Object.getPrototypeOf(result.session), Object.prototype);
  assert.equal(result.session.expires_at, '2026-06-13T12:00:00Z');
  assert.deepEqual(JSON.parse(JSON.stringify(result)), CREATED);
  assert.deepEqual(structuredClone(result), CREATED);
  assert.equal(result.requestId, 'req_1');
  assert.ok(!Object.keys(result).includes('requestId'));
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
    assert.throws(() => webhooks.verify(EVENT, header, none), {
      name: 'ConfigurationError',
      code: 'invalid_secret',
    });
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
