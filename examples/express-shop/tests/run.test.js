/** `./run`: one command for the shop and its sandbox. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { FastStar } from 'faststar';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Copies the shop, so that its databases are the test's own. */
function copy(t) {
  const folder = mkdtempSync(join(tmpdir(), 'express-shop-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['package.json', 'dev.js', 'server.js', 'shop.js', 'orders.js', 'catalog.js', 'public']) {
    cpSync(join(FOLDER, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(FOLDER, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Starts what `./run` ends in, and waits for what it says at the start. */
async function start(t, folder, port) {
  const child = spawn(process.execPath, ['dev.js', String(port), '0'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let told = '';
  child.stderr.on('data', (text) => (told += text));
  for await (const line of createInterface(child.stdout)) {
    told += `${line}\n`;
    if (line.startsWith('The shop is open')) break;
  }
  assert.ok(told.includes(`The shop is open at http://127.0.0.1:${port}/`), told);
  const [, sandbox] = /FASTSTAR_BASE_URL=(\S+)\/api\/v1/.exec(told);
  const [, key] = /FASTSTAR_API_KEY=(\S+)/.exec(told);
  return { child, sandbox, key, shop: `http://127.0.0.1:${port}` };
}

const isGone = (url) => assert.rejects(fetch(url), /fetch failed/);

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`the shop gets paid in its sandbox, and ${signal} ends both; both remember`, async (t) => {
    const folder = copy(t);
    const port = await freePort();
    let { child, sandbox, key, shop } = await start(t, folder, port);
    const cart = { id: randomUUID(), lines: [{ poster: 'lunation', quantity: 1 }], country: 'GB' };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${shop}/api/checkout`, { method: 'POST', headers, body: JSON.stringify(cart) });
    const [id] = /cs_\w+/.exec((await answer.json()).url);
    const control = { ...headers, 'x-api-key': key };
    for (const path of [`sessions/${id}/complete`, 'deliver']) {
      const done = await fetch(`${sandbox}/sandbox/v1/${path}`, { method: 'POST', headers: control, body: '{}' });
      assert.equal(done.status, 200);
    }
    const cookie = answer.headers.get('set-cookie');
    const look = async () => (await (await fetch(`${shop}/api/order`, { headers: { cookie } })).json()).state;
    assert.equal(await look(), 'paid');

    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    await isGone(shop);
    // The sandbox ends when it sees that this side has ended.
    while (await fetch(sandbox).then(() => true, () => false));

    ({ child, sandbox, key, shop } = await start(t, folder, port));
    assert.equal(await look(), 'paid');
    const client = new FastStar(key, { baseUrl: sandbox });
    const { items } = await client.catalog.products.list({ limit: 100 });
    // What a new sandbox has from the start, and six posters, once.
    assert.equal(items.filter(({ name }) => name === 'Lunation').length, 1);
    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
}

test('the shop ends with the sandbox', async (t) => {
  const folder = copy(t);
  const { child } = await start(t, folder, await freePort());
  let told = '';
  child.stderr.on('data', (text) => (told += text));
  const sandbox = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  process.kill(sandbox, 'SIGKILL');
  assert.deepEqual(await once(child, 'exit'), [1, null]);
  assert.match(told, /the sandbox has ended, and so does the shop/);
});

test('a port that is taken is told', async (t) => {
  const folder = copy(t);
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const args = ['dev.js', String(taken.address().port), '0'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  child.stderr.on('data', (text) => (told += text));
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(told, /EADDRINUSE/);
});
