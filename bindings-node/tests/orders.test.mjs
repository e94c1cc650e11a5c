/** One open session for each order, kept in memory and in PostgreSQL, on a real server. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import knex from 'knex';
import pg from 'pg';

import { memoryOrders, ORDERS_TABLE, postgresOrders, sqlOrders } from 'faststar/orders';
import { ordersContract } from './orders_contract.mjs';
import { startPostgres } from './postgres.mjs';
import './support.mjs';

let pool;
let database;
before(async () => {
  const server = startPostgres();
  pool = new pg.Pool(server);
  database = knex({ client: 'pg', connection: server });
  for (let time = 0; time < 2; time += 1) await pool.query(ORDERS_TABLE);
});
after(async () => {
  await pool.end();
  await database.destroy();
});

const emptied = (store) => async () => {
  await pool.query('TRUNCATE faststar_order_sessions');
  return store;
};

ordersContract('postgresOrders', emptied(() => postgresOrders(pool)));
ordersContract(
  'sqlOrders',
  emptied(() => sqlOrders(async (sql, values) => (await database.raw(sql.replace(/\$\d+/g, '?'), values)).rows)),
);
ordersContract('memoryOrders', () => {
  const orders = memoryOrders();
  // Another object over the same memory.
  return () => ({ ...orders });
});

test('memoryOrders forgets an order a day after its last attempt', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const orders = memoryOrders();
  const attempt = (reference, number) => ({ reference, attempt: number, state: 'open', sessionId: null, url: null });
  await orders.insert(attempt('a', 1));
  await orders.insert(attempt('b', 1));
  t.mock.timers.tick(24 * 3_600_000);
  assert.equal(await orders.insert(attempt('a', 1)), false);
  await orders.insert(attempt('a', 2));
  t.mock.timers.tick(2 * 3_600_000);
  await orders.insert(attempt('c', 1));
  const counts = await Promise.all(['a', 'b', 'c'].map(async (reference) => (await orders.list(reference)).length));
  assert.deepEqual(counts, [2, 0, 1]);
  await orders.update(attempt('b', 1));
  assert.deepEqual(await orders.list('b'), []);
});
