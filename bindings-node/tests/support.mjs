/** What the tests of this package share: a sandbox, and a server that answers as a test says. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The folder of the package. */
export const PACKAGE = here('..');
/** The folder of the whole project. */
export const ROOT = here('../..');
const TARGET = process.env.CARGO_TARGET_DIR ?? `${ROOT}/target`;
/** The sandbox's binary. */
export const SANDBOX = process.env.FASTSTAR_SANDBOX ?? `${TARGET}/debug/faststar`;

/** Loads a file of dist that has no public name. */
export const internal = (name) => createRequire(import.meta.url)(`../dist/${name}.js`);

/** A sandbox process, and the calls that only a sandbox has. */
export class Sandbox {
  static async start() {
    const child = spawn(SANDBOX, ['sandbox', '--port', '0', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(child.stdout), 'line');
    return new Sandbox(child, JSON.parse(line));
  }

  constructor(child, info) {
    this.child = child;
    this.url = info.url;
    this.key = info.api_key;
  }

  /** Makes a merchant of its own. */
  merchant(kind = 'direct') {
    return this.post(this.key, '/sandbox/v1/merchants', { kind });
  }

  /** Gives the environment of a shop with a merchant of its own. */
  async shop() {
    const { api_key, webhook_secret } = await this.merchant();
    return {
      ...process.env,
      FASTSTAR_API_KEY: api_key,
      FASTSTAR_BASE_URL: this.url,
      FASTSTAR_WEBHOOK_SECRET: webhook_secret,
    };
  }

  /** Posts to a path and gives the answer's data; a refusal has its `code` and `status`. */
  async post(key, path, body) {
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify(body),
    });
    const { data, error, message } = await answer.json();
    if (answer.ok) return data;
    throw Object.assign(new Error(message), { code: error.code, status: answer.status });
  }

  async stop() {
    this.child.kill();
    await once(this.child, 'exit');
  }
}

/**
 * Starts a server that ends with the test: `answer(n, path, body)` gives `[status, headers, payload]`,
 * or null to hang up, or a promise that may never come. The server emits `arrived` for each request.
 */
export async function serve(t, answer) {
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const { method, url: path, headers } = request;
      const body = Buffer.concat(chunks);
      requests.push({ method, path, headers, body });
      server.emit('arrived');
      const answered = await answer(requests.length, path, body);
      if (answered === null) return request.socket.destroy();
      const [status, extra, payload] = answered;
      response.writeHead(status, { 'content-type': 'application/json', ...extra });
      response.end(typeof payload === 'string' ? payload : JSON.stringify(payload));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, requests, server };
}

export const SESSION = {
  id: 'cs_1',
  status: 'open',
  amount_subtotal: 999,
  amount_tax: 80,
  amount_total: 1079,
  currency: 'USD',
  session_token: 'CANARY-token',
  expires_at: '2026-06-13T12:00:00Z',
  tomorrow: { new: [1] },
};

export const CREATED = {
  session: SESSION,
  url: 'https://cashier.faststarpay.com/checkout/cs_1?token=CANARY',
  session_token: 'CANARY',
};

export const REQUEST = {
  mode: 'payment',
  presentation: 'iframe',
  line_items: [{ price_id: 'price_1', quantity: 1 }],
};

/** A success as the API answers it. */
export const ok = (data, headers = {}) => [
  200,
  { 'x-request-id': 'req_1', ...headers },
  { success: true, message: '', data },
];

/** A failure as the sandbox answers it. */
export const failed = (status, code, headers = {}) => [
  status,
  { 'x-request-id': 'req_9', ...headers },
  { success: false, message: 'no', data: null, error: code ? { code, param: null } : null },
];

/** Runs a script in a process of its own and gives what it wrote. */
export async function run(script, { args = [], env = {}, cwd = `${PACKAGE}/tests`, type = 'module' } = {}) {
  const child = spawn(process.execPath, [`--input-type=${type}`, '--eval', script, '--', ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const [code, signal] = await once(child, 'close');
  return { code, signal, out, err };
}

/** Compares as tests/README.md says: an object may have more, null stands for absent. */
export function compare(wanted, got, where) {
  if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(got), `${where}: no list`);
    assert.equal(got.length, wanted.length, `${where}: length`);
    wanted.forEach((item, index) => compare(item, got[index], `${where}[${index}]`));
  } else if (typeof wanted === 'object' && wanted !== null) {
    assert.ok(typeof got === 'object' && got !== null, `${where}: no object`);
    for (const [key, value] of Object.entries(wanted)) compare(value, got[key], `${where}.${key}`);
  } else {
    assert.strictEqual(got ?? null, wanted, where);
  }
}
