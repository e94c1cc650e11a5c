import { parentPort, workerData } from 'node:worker_threads';

import { FastStar, quote, webhooks } from 'faststar';

const { sessions } = new FastStar('k', { baseUrl: workerData }).checkout;
const all = await Promise.all(Array.from({ length: 50 }, () => sessions.retrieve('cs_1')));
const lines = [{ unit_amount: 4900, quantity: 1 }];
const { tax } = quote({ currency: 'EUR', lines, country: 'DE', as_of: '2026-11-22' });
const body = '{"id":"evt_1","type":"x"}';
const { id } = webhooks.verify(body, webhooks.signForTest(body, 's'), 's');
for (let n = 0; n < 5; n += 1) sessions.retrieve('cs_never').catch(() => {});
await sessions.retrieve('cs_1');
parentPort.postMessage(`${all.length},${tax},${id}`);
