/** examples/demo.mjs tells its story to the end. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { ROOT, run } from './support.mjs';

test('the demo sells, receives and verifies', async () => {
  const story = readFileSync(join(ROOT, 'examples/demo.mjs'), 'utf8');
  const { code, out, err } = await run(story);
  assert.equal(code, 0, err);
  for (const part of ['10.79 USD', '7.82 EUR', 'order_10042 can be shipped', 'is complete', 'verifier says']) {
    assert.ok(out.includes(part), out);
  }
});
