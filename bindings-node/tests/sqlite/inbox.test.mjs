/** The inbox in SQLite, with node:sqlite: Node 22.5 or later runs this, whichever runs the rest. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { ConfigurationError, webhooks } from 'faststar';
import { webhook } from 'faststar/fetch';
import { INBOX_TABLE, sqliteInbox } from 'faststar/inbox';

const eventOf = (id) => webhooks.parse(JSON.stringify({ id, type: 'payment.succeeded', data: {} }));

function shop(t) {
  const folder = mkdtempSync(join(tmpdir(), 'fs-sqlite-'));
  const open = () => new DatabaseSync(join(folder, 'shop.db'));
  const db = open();
  t.after(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  for (const table of [INBOX_TABLE, INBOX_TABLE, 'CREATE TABLE orders (id TEXT)']) db.exec(table);
  const count = (table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get().n;
  return { db, open, inbox: sqliteInbox(db), counts: () => [count('orders'), count('faststar_webhook_events')] };
}

const ship = (id) => (db) => void db.prepare('INSERT INTO orders VALUES (?)').run(id);

test('the event and what its handler writes are one transaction', async (t) => {
  const { db, inbox, counts } = shop(t);
  const event = eventOf('evt_1');
  assert.equal(await inbox.once(event, ship('a')), 'processed');
  assert.equal(await inbox.once(event, ship('b')), 'duplicate');
  assert.deepEqual(counts(), [1, 1]);
  const row = db.prepare('SELECT * FROM faststar_webhook_events').get();
  assert.deepEqual([row.id, row.type], ['evt_1', 'payment.succeeded']);
  assert.ok(Date.parse(`${row.processed_at}Z`) > 0);
});

test('a handler that throws leaves nothing, and runs again', async (t) => {
  const { db, inbox, counts } = shop(t);
  const failing = () => {
    ship('a')(db);
    throw new Error('no shelf');
  };
  await assert.rejects(inbox.once(eventOf('evt_1'), failing), /no shelf/);
  assert.deepEqual(counts(), [0, 0]);
  assert.equal(await inbox.once(eventOf('evt_1'), ship('a')), 'processed');
  assert.deepEqual(counts(), [1, 1]);
});

test('deliveries at once run once', async (t) => {
  const { inbox, counts } = shop(t);
  const work = [1, 2, 3].map(() => inbox.once(eventOf('evt_1'), ship('a')));
  assert.deepEqual((await Promise.all(work)).sort(), ['duplicate', 'duplicate', 'processed']);
  assert.deepEqual(counts(), [1, 1]);
});

test('another process that writes makes the event come again', async (t) => {
  const { open, inbox, counts } = shop(t);
  const other = open();
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(inbox.once(eventOf('evt_1'), ship('a')), /locked/);
  other.exec('ROLLBACK');
  assert.equal(await inbox.once(eventOf('evt_1'), ship('a')), 'processed');
  assert.deepEqual(counts(), [1, 1]);
  other.close();
});

test('a transaction that is open already stays as it is', async (t) => {
  const { db, inbox, counts } = shop(t);
  db.exec('BEGIN');
  ship('mine')(db);
  await assert.rejects(inbox.once(eventOf('evt_1'), ship('a')), /within a transaction/);
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
  await assert.rejects(inbox.once(eventOf('evt_1'), hard), /UNIQUE/);
  const hiding = (db) => {
    try {
      hard(db);
    } catch {}
  };
  await assert.rejects(inbox.once(eventOf('evt_1'), hiding), /no transaction is active/);
  assert.deepEqual(counts(), [0, 0]);
});

test('a handler that gives a promise is refused and rolled back', async (t) => {
  const { inbox, counts } = shop(t);
  const waiting = (db) => {
    ship('a')(db);
    return Promise.reject(new Error('goes on'));
  };
  const refused = (error) => error instanceof ConfigurationError && /onProcessed/.test(error.message);
  await assert.rejects(inbox.once(eventOf('evt_1'), waiting), refused);
  assert.deepEqual(counts(), [0, 0]);
  // What such a handler does after its wait is not rolled back, so it must not run once for each delivery.
  let calls = 0;
  await assert.rejects(inbox.once(eventOf('evt_1'), () => void (calls += 1)), refused);
  assert.equal(calls, 0);
});

test('an async handler is refused before it is used', (t) => {
  const { inbox } = shop(t);
  for (const type of ['payment.succeeded', '*']) {
    const make = () => webhook({ inbox, on: { [type]: async () => {} } });
    assert.throws(make, (error) => error instanceof ConfigurationError && error.param === `on['${type}']`);
  }
});

test('a webhook is handled once, and then what has to wait', async (t) => {
  const { inbox, counts } = shop(t);
  const mails = [];
  const hook = webhook({
    inbox,
    secret: 's',
    on: { 'payment.succeeded': (event, db) => ship(event.id)(db), '*': (event, db) => ship(event.type)(db) },
    onProcessed: async ({ id }) => {
      await new Promise(setImmediate);
      mails.push([id, counts()]);
    },
  });
  const body = JSON.stringify({ id: 'evt_1', type: 'payment.succeeded', data: {} });
  const headers = { [webhooks.signatureHeader]: webhooks.signForTest(body, 's') };
  for (const outcome of ['processed\n', 'duplicate\n']) {
    const answer = await hook(new Request('http://shop.test/', { method: 'POST', body, headers }));
    assert.deepEqual([answer.status, await answer.text()], [200, outcome]);
  }
  assert.deepEqual(mails, [['evt_1', [2, 1]]]);
});
