import { parentPort } from 'node:worker_threads';

import { Sandbox } from 'faststar/testing';

const sandbox = await Sandbox.start();
await sandbox.merchant();
parentPort.postMessage(sandbox.url);
setInterval(() => sandbox, 1000);
