/** Results as the props of a client component: React itself, as Next has it, writes them for the browser. */

import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';

import { CREATED, ok, PACKAGE, run, serve, SESSION } from './support.mjs';

const REACT = pathToFileURL(`${PACKAGE}/tests/runners/node_modules/react-server-dom-parcel/server.node.js`);

/** Gives what React writes of an expression's value, and of what it warns. */
async function written(t, expression) {
  const product = { id: 'prod_1', name: 'Tea' };
  const server = await serve(t, (_n, path) => {
    if (path.endsWith('/products')) return ok({ items: [product], next_cursor: null });
    return ok(path.endsWith('/sessions') ? CREATED : SESSION);
  });
  const script = `
    import { text } from 'node:stream/consumers';
    import { PassThrough } from 'node:stream';
    import { FastStar, Product, quote, webhooks } from 'faststar';
    import React from '${REACT}';

    const { checkout, catalog } = new FastStar('k', { baseUrl: '${server.url}' });
    const create = () => checkout.sessions.create({ mode: 'setup', presentation: 'link' });
    const value = await (${expression});
    const warnings = [];
    console.error = (...told) => warnings.push(told.join(' '));
    const onError = ({ message }) => { warnings.push(message) };
    const out = React.renderToPipeableStream({ value }, {}, { onError }).pipe(new PassThrough());
    console.log(JSON.stringify({ html: await text(out), warnings }));
  `;
  const { code, out, err } = await run(script, { env: { NODE_OPTIONS: '--conditions=react-server', NODE_ENV: 'development' } });
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

for (const [expression, shown] of [
  ['create()', '"session":{"id":"cs_1"'],
  ["checkout.sessions.retrieve('cs_1')", '"amount_total":1079'],
  ["Product.from({ id: 'prod_1', metadata: { shelf: '3' } })", '"shelf":"3"'],
  ['catalog.products.list().then(({ items }) => items)', '"name":"Tea"'],
  ["webhooks.parse('{\"id\":\"evt_1\",\"type\":\"x\",\"data\":{\"a\":[1]}}')", '"data":{"a":[1]}'],
  ["quote({ currency: 'EUR', lines: [{ unit_amount: 1, quantity: 1 }], country: 'DE' })", '"currency":"EUR"'],
  ['create().then(({ session, url }) => ({ id: session.id, url }))', 'checkout/cs_1?token='],
]) {
  test(`a client component takes it without a warning: ${expression}`, async (t) => {
    const { html, warnings } = await written(t, expression);
    assert.deepEqual(warnings, []);
    assert.ok(html.includes(shown), html);
  });
}

test('a client component is sent no token that nobody named', async (t) => {
  const { html } = await written(t, 'create()');
  assert.ok(!html.includes('CANARY'), html);
});

for (const expression of [
  "({ [Symbol.for('nodejs.util.inspect.custom')]: 1 })",
  "Object.defineProperty({}, 'requestId', { value: 1 })",
  'new (class Session { id = 1 })()',
]) {
  test(`React warns of what is no plain object: ${expression}`, async (t) => {
    const { warnings } = await written(t, expression);
    assert.match(warnings.join(), /Only plain objects/);
  });
}
