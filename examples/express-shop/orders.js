/** The shop's database: what is in stock, and what was ordered. */

import { DatabaseSync } from 'node:sqlite';

import { SQLITE_INBOX_TABLE } from 'faststar/inbox';
import { SQLITE_ORDERS_TABLE } from 'faststar/orders';

const TABLES = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS stock (
    poster TEXT PRIMARY KEY,
    price_id TEXT NOT NULL,
    sheets INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'paid', 'review')),
    note TEXT NOT NULL DEFAULT '',
    country TEXT NOT NULL,
    currency TEXT NOT NULL,
    subtotal INTEGER NOT NULL,
    session_id TEXT,
    tax INTEGER,
    total INTEGER,
    payment_id TEXT
  );
  CREATE TABLE IF NOT EXISTS order_lines (
    order_id TEXT NOT NULL REFERENCES orders,
    poster TEXT NOT NULL,
    quantity INTEGER NOT NULL
  );
  ${SQLITE_INBOX_TABLE};
  ${SQLITE_ORDERS_TABLE};
`;

/** Opens the database of a file, or `:memory:`. */
export function open(file) {
  // What waits for another process waits so many milliseconds.
  const database = new DatabaseSync(file, { timeout: 5000 });
  database.exec(TABLES);
  return database;
}

/** The orders, and the shelf. */
export class Orders {
  #database;

  /** @param {DatabaseSync} database */
  constructor(database) {
    this.#database = database;
  }

  /** Puts a poster on the shelf, with its price in FastStar's catalog. */
  stock(poster, priceId) {
    this.#run(
      `INSERT INTO stock VALUES (?, ?, 40)
       ON CONFLICT (poster) DO UPDATE SET price_id = excluded.price_id`,
      poster,
      priceId,
    );
  }

  /** Gives the price of a poster in FastStar's catalog. */
  priceOf(poster) {
    return this.#get('SELECT price_id FROM stock WHERE poster = ?', poster)?.price_id;
  }

  /** Makes the order of a cart, or changes it as long as nobody has paid it. */
  place({ id, lines, country, currency, subtotal }) {
    this.#database.exec('BEGIN IMMEDIATE');
    this.#run(
      `INSERT INTO orders (id, country, currency, subtotal) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET country = excluded.country, subtotal = excluded.subtotal
       WHERE state = 'pending'`,
      id,
      country,
      currency,
      subtotal,
    );
    if (this.get(id).state === 'pending') {
      this.#run('DELETE FROM order_lines WHERE order_id = ?', id);
      for (const { poster, quantity } of lines) {
        this.#run('INSERT INTO order_lines VALUES (?, ?, ?)', id, poster, quantity);
      }
    }
    this.#database.exec('COMMIT');
  }

  /** Keeps what the order's page shows of its session. What the order costs, the shop says itself. */
  show(id, session) {
    this.#run(
      'UPDATE orders SET session_id = ?, country = ?, tax = ?, total = ? WHERE id = ?',
      session.id,
      session.buyer_country,
      session.amount_tax,
      session.amount_total,
      id,
    );
  }

  /** Gives an order with its lines. */
  get(id) {
    const order = this.#get('SELECT * FROM orders WHERE id = ?', id ?? '');
    return order && { ...order, lines: this.#lines(id) };
  }

  /** Takes the money, and the posters off the shelf. */
  markPaid(id, paymentId) {
    for (const { poster, quantity } of this.#lines(id)) {
      this.#run('UPDATE stock SET sheets = sheets - ? WHERE poster = ?', quantity, poster);
    }
    this.#run(`UPDATE orders SET state = 'paid', payment_id = ? WHERE id = ?`, paymentId, id);
  }

  /** Leaves an order to a person, with a line for each payment that did not fit. */
  askForReview(id, paymentId, note) {
    const sql = `UPDATE orders SET state = 'review', payment_id = COALESCE(payment_id, ?), note = note || ? WHERE id = ?`;
    this.#run(sql, paymentId, `${note}\n`, id);
  }

  #lines(id) {
    const lines = 'SELECT poster, quantity FROM order_lines WHERE order_id = ? ORDER BY rowid';
    return this.#database.prepare(lines).all(id);
  }

  #get(sql, ...values) {
    return this.#database.prepare(sql).get(...values);
  }

  #run(sql, ...values) {
    this.#database.prepare(sql).run(...values);
  }
}
