/** Whether a payment settles an order: the face, and the session that the client reads. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkPayment, FastStar, NotFoundError, ValidationError, webhooks } from 'faststar';
import { failed, ok, serve } from './support.mjs';

const SESSION = {
  id: 'cs_1',
  status: 'complete',
  amount_subtotal: 999,
  amount_tax: 80,
  amount_total: 1079,
  currency: 'USD',
  session_token: 'CANARY-token',
  tomorrow: 2n ** 80n,
};
const ORDER = { amount: 999, currency: 'USD' };

const event = (fields = {}, type = 'payment.succeeded') =>
  webhooks.parse(
    JSON.stringify({
      id: 'evt_1',
      type,
      data: {
        payment_id: 'pi_1',
        amount: 1079,
        currency: 'USD',
        status: 'succeeded',
        checkout_session_id: 'cs_1',
        ...fields,
      },
    }),
  );

const refused = (code, param) => (error) => {
  assert.ok(error instanceof ValidationError, `${error}`);
  assert.deepEqual([error.code, error.param], [code, param], `${error}`);
  return true;
};

test('the session is read where another amount was paid', async (t) => {
  const { tomorrow: _, ...session } = SESSION;
  const server = await serve(t, () => ok(session));
  const { sessions } = new FastStar('CANARY-key', { baseUrl: server.url }).checkout;
  const verdict = async (...args) => (await sessions.checkPayment(...args)).verdict;
  assert.equal(await verdict(event({ amount: 999 }), ORDER), 'paid');
  assert.equal(await verdict(event(), undefined), 'unknown_order');
  assert.equal(await verdict(event(), null), 'unknown_order');
  assert.equal(await verdict(event({ currency: 'EUR' }), ORDER), 'other_currency');
  assert.equal(await verdict(event({ checkout_session_id: null }), ORDER), 'session_needed');
  assert.equal(server.requests.length, 0);
  assert.deepEqual(await sessions.checkPayment(event(), ORDER), {
    verdict: 'paid',
    isPaid: true,
    expected: { amount: 1079, currency: 'USD' },
    paid: { amount: 1079, currency: 'USD' },
    sessionId: 'cs_1',
    message: "10.79 USD was paid, the total of session cs_1, which sold the order's 9.99 USD",
  });
  assert.equal(server.requests.length, 1);
  assert.equal(await verdict(event({ amount: 1000 }), ORDER), 'underpaid');
  assert.equal(await verdict(event({ amount: 1080 }), ORDER, { timeout: 5000 }), 'overpaid');
});

test('a session that cannot be read is an error', async (t) => {
  const server = await serve(t, () => failed(404, 'not_found'));
  const { sessions } = new FastStar('CANARY-key', { baseUrl: server.url }).checkout;
  await assert.rejects(sessions.checkPayment(event(), ORDER), NotFoundError);
});

test('a row of a database may be given as the order', () => {
  const row = { id: 7n, amount: 999n, currency: 'usd', created: new Date(0), lines: new Map() };
  assert.equal(checkPayment(event({ amount: 999 }), row).isPaid, true);
  assert.equal(checkPayment(event(), row, SESSION).verdict, 'paid');
});

test('amounts beyond what a number holds are compared exactly', () => {
  const body = JSON.stringify({ id: 'evt_1', type: 'payment.succeeded', data: event().data });
  const paid = webhooks.parse(body.replace('1079', '9007199254740993'));
  assert.equal(checkPayment(paid, { amount: 9007199254740993n, currency: 'USD' }).verdict, 'paid');
  const found = checkPayment(paid, { amount: 9007199254740992n, currency: 'USD' });
  assert.deepEqual([found.verdict, found.paid.amount], ['session_needed', 9007199254740993n]);
});

test('what is no order or no event is refused', () => {
  for (const [order, code, param] of [
    [{ amount: 9.99, currency: 'USD' }, 'invalid_type', 'amount'],
    [{ amount: '999', currency: 'USD' }, 'invalid_type', 'amount'],
    [{ amount: true, currency: 'USD' }, 'invalid_type', 'amount'],
    [{ amount: NaN, currency: 'USD' }, 'invalid_value', 'amount'],
    [{ amount: 2n ** 63n, currency: 'USD' }, 'out_of_range', 'amount'],
    [{ currency: 'USD' }, 'missing_field', 'amount'],
    [{ amount: 999 }, 'missing_field', 'currency'],
    [{ amount: 999, currency: 'dollars' }, 'invalid_value', 'currency'],
    [{ amount: 999, currency: 5 }, 'invalid_type', 'currency'],
  ]) {
    assert.throws(() => checkPayment(event(), order), refused(code, param));
  }
  for (const given of [undefined, null, 'evt_1']) {
    assert.throws(() => checkPayment(given, ORDER), refused('invalid_type', 'event'));
  }
  assert.throws(() => checkPayment(event({}, 'payment.failed'), ORDER), refused('invalid_value', 'event'));
  assert.throws(() => checkPayment(event(), ORDER, { ...SESSION, id: 'cs_2' }), refused('invalid_value', 'session.id'));
});

test('a check does not change', () => {
  const found = checkPayment(event(), ORDER);
  assert.ok(Object.isFrozen(found) && Object.isFrozen(found.paid));
});
