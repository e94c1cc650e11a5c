/** Runs every file of tests/vectors through the public face; tests/README.md has the rules. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';

import * as faststar from 'faststar';
import { compare, internal, ROOT } from './support.mjs';

const { parse, write } = internal('json');
const { native } = internal('errors');
const { applyRule } = internal('native');

const KEYS = ['id', 'why', 'source', 'note', 'tags', 'input', 'ok', 'error'];
const ERROR_KEYS = ['code', 'kind', 'param', 'message_mentions', 'message_never_contains'];
const KINDS = {
  validation: 'ValidationError',
  signature: 'SignatureVerificationError',
  not_found: 'NotFoundError',
  conflict: 'ConflictError',
  configuration: 'ConfigurationError',
};

const body = ({ body_b64, body }) => (body_b64 === undefined ? body : Buffer.from(body_b64, 'base64'));
// By their text, since the runner compares integers as they were sent.
const rule = (name) => (given) => {
  const input = write(given);
  return parse(native(() => applyRule(name, input)));
};

const OPS = {
  totals: (given) => faststar.quote({ as_of: '2026-11-22', ...given }),
  quote: ({ request, catalog = {}, options = {} }) => {
    const { default_currency: defaultCurrency, ...rest } = options;
    return faststar.quoteSession(request, { ...catalog, defaultCurrency, ...rest });
  },
  line_items: ({ request, merchant }) => {
    faststar.checkSession(request, { merchant });
    return {};
  },
  // The value by itself, so that what the conversion refuses has the path that users see.
  create_session_types: ({ value }) => rule('create_session_types')(value),
  money_format: ({ amount, currency }) => ({ text: faststar.formatMoney(amount, currency) }),
  money_parse: ({ text }) => faststar.parseMoney(text),
  tax_rate: ({ place, category, on }) => faststar.taxRate(place, { category, on }),
  webhook_verify: (given) =>
    faststar.webhooks.verify(body(given), given.header, given.secrets, {
      eventId: given.event_id,
      tolerance: given.tolerance_s,
      now: given.now,
    }),
  webhook_sign: (given) => ({
    header: faststar.webhooks.signForTest(body(given), given.secrets, { timestamp: given.timestamp }),
  }),
  event_parse: (given) => faststar.webhooks.parse(body(given)),
  check_payment: ({ event, order, session }) => {
    const { isPaid: is_paid, sessionId: session_id, ...check } = faststar.checkPayment(
      faststar.webhooks.parse(write(event)),
      order,
      session,
    );
    return { ...check, is_paid, session_id };
  },
  cashier_url: ({ url, allow_origins: allowOrigins }) => {
    const checked = faststar.checkCashierUrl(url, { allowOrigins });
    return { url: checked.url, session_id: checked.sessionId, shown: `${checked}` };
  },
  cashier_return: ({ success_url: successUrl, cancel_url: cancelUrl, came_back_to }) => ({
    outcome: faststar.returnOutcome(came_back_to, { successUrl, cancelUrl }),
  }),
  // What is the server's side, or happens inside a call, has no face of its own.
  create_price_strict: rule('create_price_strict'),
  create_product_strict: rule('create_product_strict'),
  create_session_strict: rule('create_session_strict'),
  place_parse: rule('place_parse'),
  outcome_unknown: rule('outcome_unknown'),
  retry_decision: rule('retry_decision'),
  session_status: rule('session_status'),
  session_transition: rule('session_transition'),
  subscription_start: rule('subscription_start'),
};

const folder = `${ROOT}/tests/vectors`;
const files = readdirSync(folder);

function only(object, keys) {
  for (const key of Object.keys(object)) assert.ok(keys.includes(key), `unknown key ${key}`);
}

function check(op, vector) {
  only(vector, KEYS);
  assert.match(vector.id, /^[a-z0-9_]+$/);
  assert.ok('ok' in vector !== 'error' in vector, 'either ok or error');
  if ('ok' in vector) {
    compare(vector.ok, op(vector.input), 'ok');
    return;
  }
  const wanted = vector.error;
  only(wanted, ERROR_KEYS);
  let error;
  try {
    op(vector.input);
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof faststar.FastStarError, `not refused: ${inspect(error)}`);
  assert.deepEqual([error.code, error.param], [wanted.code, wanted.param], inspect(error));
  if (wanted.kind) assert.equal(error.name, KINDS[wanted.kind]);
  for (const text of wanted.message_mentions ?? []) {
    assert.ok(error.message.includes(text), `${error.message} does not mention ${text}`);
  }
  for (const text of wanted.message_never_contains ?? []) {
    assert.ok(!`${error} ${inspect(error)}`.includes(text), `it contains ${text}`);
  }
}

test('every op has a file and every file an op', () => {
  assert.deepEqual(files.map((name) => name.replace(/\.json$/, '')).sort(), Object.keys(OPS).sort());
});

for (const name of files) {
  const op = name.replace(/\.json$/, '');
  const file = parse(readFileSync(`${folder}/${name}`, 'utf8'));
  test(op, async (t) => {
    only(file, ['op', 'cases']);
    assert.equal(file.op, op, 'the op must be named like the file');
    assert.ok(file.cases.length > 0, 'no cases');
    assert.equal(new Set(file.cases.map(({ id }) => id)).size, file.cases.length, 'two of one id');
    for (const vector of file.cases) {
      await t.test(vector.id, () => check(OPS[op], vector));
    }
  });
}
