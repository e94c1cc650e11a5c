/** Runs the shop with a sandbox: `node dev.js PORT SANDBOX_PORT`. Ctrl-C ends both. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { sandboxBinary } from 'faststar/testing';

const [port = '3000', sandboxPort = '4250'] = process.argv.slice(2);
const folder = fileURLToPath(new URL('.run', import.meta.url));
mkdirSync(folder, { recursive: true });

const webhook = `http://127.0.0.1:${port}/webhooks/faststar`;
const options = ['--port', sandboxPort, '--db', `${folder}/sandbox.db`, '--webhook', webhook];
const binary = sandboxBinary();
// It ends with this process: its standard input is a pipe from here.
const sandbox = spawn(binary, ['sandbox', '--json', '--until-stdin-closes', ...options], {
  stdio: ['pipe', 'pipe', 'inherit'],
  // A Ctrl-C is for the shop, which still wants to hear of the last webhook.
  detached: true,
});
sandbox.on('exit', (code) => {
  console.error('the sandbox has ended, and so does the shop');
  process.exit(code || 1);
});

const [line] = await once(createInterface(sandbox.stdout), 'line');
const { url, api_key, webhook_secret } = JSON.parse(line);
Object.assign(process.env, {
  FASTSTAR_BASE_URL: `${url}/api/v1`,
  FASTSTAR_API_KEY: api_key,
  FASTSTAR_WEBHOOK_SECRET: webhook_secret,
  PORT: port,
  SHOP_DATABASE: `${folder}/shop.db`,
});
console.log(`The sandbox is at ${url}/ and sends webhooks to ${webhook}. To drive it from another terminal:
  export FASTSTAR_BASE_URL=${url}/api/v1
  export FASTSTAR_API_KEY=${api_key}
  ${binary} complete cs_…  # plays the buyer`);

await import('./server.js');
// The shop alone decides when this process ends.
sandbox.unref();
sandbox.stdin.unref();
sandbox.stdout.unref();
