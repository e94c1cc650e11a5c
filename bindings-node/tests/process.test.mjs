/** Modules, workers, panics, the end of a process: what a server goes through. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import * as esm from 'faststar';
import { ok, PACKAGE, run, serve, SESSION } from './support.mjs';

const cjs = createRequire(import.meta.url)('faststar');
const never = () => new Promise(() => {});

async function ran(script, options) {
  const { code, signal, out, err } = await run(script, options);
  assert.deepEqual([code, signal], [0, null], `${out}\n${err}`);
  assert.equal(err, '');
  return out.trim();
}

test('both module systems have one implementation, so an error of one is one of the other', () => {
  const names = (module) => Object.keys(module).filter((name) => /^[A-Za-z]+$/.test(name)).sort();
  assert.deepEqual(names(esm), names(cjs));
  assert.ok(names(cjs).length > 30);
  for (const name of names(cjs)) assert.equal(esm[name], cjs[name], name);
  assert.throws(() => cjs.parseMoney('x'), esm.ValidationError);
  assert.throws(() => esm.parseMoney('x'), cjs.FastStarError);
});

test('each part of the package has one implementation too', async () => {
  const { exports } = JSON.parse(readFileSync(`${PACKAGE}/package.json`, 'utf8'));
  const parts = Object.keys(exports).filter((part) => /^\.\/\w+$/.test(part));
  assert.deepEqual(parts, ['./express', './fastify', './fetch', './hono', './inbox', './next', './orders', './testing']);
  for (const part of parts) {
    const required = createRequire(import.meta.url)(`faststar/${part.slice(2)}`);
    const imported = await import(`faststar/${part.slice(2)}`);
    assert.ok(Object.keys(required).length >= 2);
    for (const name of Object.keys(required)) assert.equal(imported[name], required[name], `${part} ${name}`);
  }
});

test('the version is that of the package', () => {
  assert.equal(JSON.parse(readFileSync(`${PACKAGE}/package.json`, 'utf8')).version, esm.VERSION);
});

test('an idle client does not keep the process alive, from either module system', async (t) => {
  const { url } = await serve(t, () => ok(SESSION));
  const use = `
    const client = new FastStar('k', { baseUrl: process.argv.at(-1) });
    client.checkout.sessions.retrieve('cs_1').then(({ id }) => console.log(id));
  `;
  assert.equal(await ran(`import { FastStar } from 'faststar';${use}`, { args: [url] }), 'cs_1');
  const required = `const { FastStar } = require('faststar');${use}`;
  assert.equal(await ran(required, { args: [url], type: 'commonjs' }), 'cs_1');
});

test('a client that never called ends at once', async () => {
  const script = `import { FastStar } from 'faststar'; globalThis.kept = new FastStar('k'); console.log('made')`;
  assert.equal(await ran(script), 'made');
});

test('an aborted call does not keep the process alive', async (t) => {
  const { url } = await serve(t, never);
  const script = `
    import { FastStar } from 'faststar';
    const client = new FastStar('k', { baseUrl: process.argv.at(-1), timeout: 3_600_000 });
    try {
      await client.checkout.sessions.retrieve('cs_1', { signal: AbortSignal.timeout(50) });
    } catch (error) {
      console.log(error.name, error.cause.name);
    }
  `;
  assert.equal(await ran(script, { args: [url] }), 'AbortError TimeoutError');
});

test('a process ends by process.exit with calls under way', async (t) => {
  let arrived = 0;
  let allArrived;
  const all = new Promise((resolve) => (allArrived = resolve));
  const { url, server } = await serve(t, async (_n, path) => {
    if (path.endsWith('cs_never')) return never();
    await all;
    return ok(SESSION);
  });
  server.on('arrived', () => {
    arrived += 1;
    if (arrived === 9) allArrived();
  });
  const script = `
    import { FastStar } from 'faststar';
    const client = new FastStar('k', { baseUrl: process.argv.at(-1) });
    for (let n = 0; n < 8; n += 1) client.checkout.sessions.retrieve('cs_never');
    await client.checkout.sessions.retrieve('cs_1');
    process.exit(0);
  `;
  await ran(script, { args: [url] });
});

test('a process ends by process.exit again and again while answers come', async (t) => {
  const { url } = await serve(t, () => ok(SESSION));
  const script = `
    import { FastStar } from 'faststar';
    const client = new FastStar('k', { baseUrl: process.argv.at(-1) });
    for (let n = 0; n < 200; n += 1) client.checkout.sessions.retrieve('cs_1');
    await client.checkout.sessions.retrieve('cs_1');
    process.exit(0);
  `;
  for (let round = 0; round < 10; round += 1) await ran(script, { args: [url] });
});

test('workers call beside each other, and are ended with calls under way', async (t) => {
  const { url } = await serve(t, (_n, path) => (path.endsWith('cs_never') ? never() : ok(SESSION)));
  const script = `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const answers = [];
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 4 }, async () => {
        const worker = new Worker('./workers/busy.mjs', { workerData: process.argv.at(-1), execArgv: [] });
        answers.push(...await once(worker, 'message'));
        await worker.terminate();
      }));
    }
    console.log(answers.length, [...new Set(answers)].join());
  `;
  assert.equal(await ran(script, { args: [url] }), '20 50,782,evt_1');
});

test('a worker ends by itself when its calls have ended, and has an environment of its own', async (t) => {
  const { url, requests } = await serve(t, () => ok(SESSION));
  const script = `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    for (let round = 0; round < 3; round += 1) {
      const env = { FASTSTAR_API_KEY: 'of-the-worker', FASTSTAR_BASE_URL: process.argv.at(-1) };
      console.log(...await once(new Worker('./workers/once.mjs', { env, execArgv: [] }), 'exit'));
    }
  `;
  const env = { FASTSTAR_API_KEY: 'of-the-process' };
  assert.equal(await ran(script, { args: [url], env }), '0\n0\n0');
  const keys = requests.map(({ headers }) => headers['x-api-key']);
  assert.deepEqual(keys, ['of-the-worker', 'of-the-worker', 'of-the-worker']);
});

test('a panic is an InternalError, and the process goes on', async (t) => {
  const { url } = await serve(t, () => ok(SESSION));
  // The loader of napi-rs takes the addon from here: one with exports that panic.
  const env = { NAPI_RS_NATIVE_LIBRARY_PATH: `${PACKAGE}/tests/panics/faststar.node` };
  const script = `
    const { FastStar, InternalError } = require('faststar');
    const core = require('../dist/native.js');
    const { native } = require('../dist/errors.js');
    const { call, theBridge } = require('../dist/calls.js');
    (async () => {
      const errors = [];
      try { native(() => core.panicHere()) } catch (error) { errors.push(error) }
      await call((id) => core.panicLater(theBridge(), id)).catch((error) => errors.push(error));
      for (const error of errors) {
        console.log(error instanceof InternalError, error.code, /defect/.test(error.message), /CANARY/.test(error.stack));
      }
      const client = new FastStar('k', { baseUrl: process.argv.at(-1) });
      console.log((await client.checkout.sessions.retrieve('cs_1')).id);
    })();
  `;
  const { code, out, err } = await run(script, { args: [url], env, type: 'commonjs' });
  assert.equal(code, 0, err);
  assert.equal(out, 'true internal true false\ntrue internal true false\ncs_1\n', err);
});

test('what is published has no export that panics', () => {
  const published = createRequire(import.meta.url)('../dist/native.js');
  assert.deepEqual(Object.keys(published).filter((name) => /panic/i.test(name)), []);
});

test('requiring is light', async () => {
  const script = `
    const before = new Set(process.moduleLoadList);
    require('faststar');
    console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))));
  `;
  const loaded = JSON.parse(await ran(script, { type: 'commonjs' }));
  const heavy = ['http', 'https', 'net', 'tls', 'crypto', 'dns', 'child_process', 'worker_threads'];
  assert.deepEqual(heavy.filter((name) => loaded.includes(`NativeModule ${name}`)), []);
});
