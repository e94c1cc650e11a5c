import { INBOX_TABLE } from 'faststar/inbox';
import { ORDERS_TABLE } from 'faststar/orders';
import pg from 'pg';
const database = new pg.Client();
await database.connect();
await database.query(INBOX_TABLE); // which events came
await database.query(ORDERS_TABLE); // which session an order has
await database.query(`CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY,
  price_id TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  subtotal BIGINT NOT NULL, -- before tax on top, in the smallest unit
  currency TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open', -- open, paid, review
  note TEXT NOT NULL DEFAULT ''
)`);
await database.end();
