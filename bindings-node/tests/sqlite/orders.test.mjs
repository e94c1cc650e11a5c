/** One open session for each order, kept in SQLite, with node:sqlite. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { SQLITE_ORDERS_TABLE, sqliteOrders } from 'faststar/orders';
import { ordersContract } from '../orders_contract.mjs';
import '../support.mjs';

ordersContract('sqliteOrders', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fs-sqlite-'));
  const all = [];
  t.after(() => {
    for (const database of all) database.close();
    rmSync(folder, { recursive: true });
  });
  return () => {
    const database = new DatabaseSync(join(folder, 'shop.db'), { timeout: 5000 });
    all.push(database);
    database.exec(SQLITE_ORDERS_TABLE);
    return sqliteOrders(database);
  };
});
