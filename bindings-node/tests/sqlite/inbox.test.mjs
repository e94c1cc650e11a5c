/** The inbox in SQLite, with node:sqlite: Node 22.5 or later runs this, whichever runs the rest. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { ConfigurationError } from 'faststar';
import { webhook } from 'faststar/fetch';
import { GiveUp, InboxBusyError, SQLITE_INBOX_TABLE, sqliteInbox } from 'faststar/inbox';
import { deliveryOf, inboxContract, send } from '../inbox_contract.mjs';

function shop(t) {
  const folder = mkdtempSync(join(tmpdir(), 'fs-sqlite-'));
  const open = () => new DatabaseSync(join(folder, 'shop.db'));
  const db = open();
  t.after(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  for (const table of [SQLITE_INBOX_TABLE, SQLITE_INBOX_TABLE, 'CREATE TABLE orders (id TEXT)']) db.exec(table);
  const count = (table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get().n;
  return { db, open, inbox: sqliteInbox(db), counts: () => [count('orders'), count('faststar_webhook_events')] };
}

const ship = (id) => (db) => void db.prepare('INSERT INTO orders VALUES (?)').run(id);

test('the event and what its handler writes are one transaction', async (t) => {
  const { inbox, counts } = shop(t);
  const event = deliveryOf('evt_1');
  assert.equal(await inbox.once(event, ship('a')), 'processed');
  assert.equal(await inbox.once(event, ship('b')), 'duplicate');
  assert.deepEqual(counts(), [1, 1]);
});

test('what a handler wrote before it threw is gone, and it runs again', async (t) => {
  const { db, inbox, counts } = shop(t);
  const failing = () => {
    ship('a')(db);
    throw new Error('no shelf');
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), failing), /no shelf/);
  assert.equal(counts()[0], 0);
  assert.equal(await inbox.once(deliveryOf('evt_1'), ship('a')), 'processed');
  assert.deepEqual(counts(), [1, 1]);
});

test('deliveries at once run once', async (t) => {
  const { inbox, counts } = shop(t);
  const work = [1, 2, 3].map(() => inbox.once(deliveryOf('evt_1'), ship('a')));
  assert.deepEqual((await Promise.all(work)).sort(), ['duplicate', 'duplicate', 'processed']);
  assert.deepEqual(counts(), [1, 1]);
});

test('while another process writes, an event gives way', async (t) => {
  const { open, inbox, counts } = shop(t);
  const other = open();
  other.exec('BEGIN IMMEDIATE');
  const isBusy = (error) => error instanceof InboxBusyError && /locked by another connection/.test(error.message);
  await assert.rejects(inbox.once(deliveryOf('evt_1'), ship('a')), isBusy);
  const hook = webhook({ inbox, secret: 'whsec_contract', on: { '*': () => {} }, onError: () => {} });
  assert.equal(await send(hook, 'evt_1'), '503 busy');
  other.exec('ROLLBACK');
  assert.equal(await inbox.once(deliveryOf('evt_1'), ship('a')), 'processed');
  assert.deepEqual(counts(), [1, 1]);
  other.close();
});

test('a transaction that is open already stays as it is', async (t) => {
  const { db, inbox, counts } = shop(t);
  db.exec('BEGIN');
  ship('mine')(db);
  await assert.rejects(inbox.once(deliveryOf('evt_1'), ship('a')), /within a transaction/);
  db.exec('COMMIT');
  assert.deepEqual(counts(), [1, 0]);
});

test('where SQLite has rolled back by itself, it is no success and the first error counts', async (t) => {
  const { db, inbox, counts } = shop(t);
  db.exec('CREATE UNIQUE INDEX one ON orders (id)');
  const hard = (db) => {
    ship('a')(db);
    db.exec("INSERT OR ROLLBACK INTO orders VALUES ('a')");
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), hard), /UNIQUE/);
  const hiding = (db) => {
    try {
      hard(db);
    } catch {}
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), hiding), /no transaction is active/);
  assert.equal(counts()[0], 0);
});

test('a handler that gives a promise is refused and rolled back', async (t) => {
  const { inbox, counts } = shop(t);
  const waiting = (db) => {
    ship('a')(db);
    return Promise.reject(new Error('goes on'));
  };
  const refused = (error) => error instanceof ConfigurationError && /onProcessed/.test(error.message);
  await assert.rejects(inbox.once(deliveryOf('evt_1'), waiting), refused);
  assert.equal(counts()[0], 0);
  // What such a handler does after its wait is not rolled back, so it must not run once for each delivery.
  let calls = 0;
  await assert.rejects(inbox.once(deliveryOf('evt_1'), () => void (calls += 1)), refused);
  assert.equal(calls, 0);
});

test('an async handler is refused before it is used', (t) => {
  const { inbox } = shop(t);
  for (const type of ['payment.succeeded', '*']) {
    const make = () => webhook({ inbox, on: { [type]: async () => {} } });
    assert.throws(make, (error) => error instanceof ConfigurationError && error.param === `on['${type}']`);
  }
});

test('a failure that cannot be kept comes again; one that is given up is answered once it is kept', async (t) => {
  const { db, inbox } = shop(t);
  const full = (error) => (db) => {
    db.exec("CREATE TRIGGER full BEFORE INSERT ON faststar_webhook_events BEGIN SELECT RAISE(ABORT, 'disk is full'); END; COMMIT");
    throw error;
  };
  const failure = new Error('no shelf');
  await assert.rejects(inbox.once(deliveryOf('evt_1'), full(failure)), (error) => error === failure);
  db.exec('DROP TRIGGER full');
  await assert.rejects(inbox.once(deliveryOf('evt_2'), full(new GiveUp('never'))), /disk is full/);
});

inboxContract('sqliteInbox', (t) => {
  const { db, inbox } = shop(t);
  return {
    inbox,
    ship: (id) => ship(id)(db),
    shipped: () => db.prepare('SELECT id FROM orders ORDER BY id').all().map(({ id }) => id),
    age: (id, days) =>
      db.prepare(`UPDATE faststar_webhook_events SET received_at = strftime('%Y-%m-%dT%H:%M:%fZ', received_at, ?) WHERE id = ?`)
        .run(`-${days} days`, id),
  };
});
