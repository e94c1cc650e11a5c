/** The inboxes in memory and in PostgreSQL, on a real server. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import knex from 'knex';
import pg from 'pg';

import { ConfigurationError, webhooks } from 'faststar';
import { webhook } from 'faststar/fetch';
import { INBOX_TABLE, InboxBusyError, memoryInbox, postgresInbox, transactionInbox } from 'faststar/inbox';
import { ORDERS_TABLE } from 'faststar/orders';
import { bodyOf, deliveryOf, inboxContract, send } from './inbox_contract.mjs';
import { startPostgres } from './postgres.mjs';

let server;
let pool;
let database;
before(async () => {
  server = startPostgres();
  pool = new pg.Pool({ ...server, max: 6 });
  database = knex({ client: 'pg', connection: server });
  for (const table of [INBOX_TABLE, INBOX_TABLE, 'CREATE TABLE orders (id TEXT)']) await pool.query(table);
});
beforeEach(() => pool.query('TRUNCATE faststar_webhook_events, orders'));
after(async () => {
  await pool.end();
  await database.destroy();
});

const count = async (table) => Number((await pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
const counts = async () => [await count('orders'), await count('faststar_webhook_events')];
const ship = (id) => (tx) =>
  tx instanceof pg.Client ? tx.query('INSERT INTO orders VALUES ($1)', [id]) : tx('orders').insert({ id });

/** Waits until as many connections wait for a lock. */
async function blocked(number) {
  for (;;) {
    const { rows } = await pool.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    if (rows.length >= number) return;
  }
}

/** The same by another library, as docs/node.md has it. */
const own = () =>
  transactionInbox({
    transaction: (work) => database.transaction(work),
    query: async (tx, sql, values) => (await tx.raw(sql.replace(/\$\d+/g, '?'), values)).rows,
  });

for (const [name, make] of [['postgresInbox', () => postgresInbox(pool)], ['transactionInbox', own]]) {
  test(`${name}: the event and what its handler writes are one transaction`, async () => {
    const inbox = make();
    const event = deliveryOf('evt_1');
    assert.equal(await inbox.once(event, ship('a')), 'processed');
    assert.equal(await inbox.once(event, ship('b')), 'duplicate');
    assert.equal(await inbox.once(deliveryOf('evt_2'), ship('c')), 'processed');
    assert.deepEqual(await counts(), [2, 2]);
  });

  test(`${name}: what a handler wrote before it threw is gone, and it runs again`, async () => {
    const inbox = make();
    const failure = new Error('no shelf');
    const failing = async (tx) => {
      await ship('a')(tx);
      throw failure;
    };
    await assert.rejects(inbox.once(deliveryOf('evt_1'), failing), (error) => error === failure);
    assert.equal(await count('orders'), 0);
    assert.equal(await inbox.once(deliveryOf('evt_1'), ship('a')), 'processed');
    assert.deepEqual(await counts(), [1, 1]);
  });

  for (const fails of [false, true]) {
    test(`${name}: of two deliveries at once, the second waits for the first, which ${fails ? 'fails' : 'succeeds'}`, async () => {
      const inbox = make();
      let second;
      const first = inbox.once(deliveryOf('evt_1'), async (tx) => {
        await ship('a')(tx);
        second = inbox.once(deliveryOf('evt_1'), ship('b'));
        await blocked(1);
        if (fails) throw new Error('no shelf');
      });
      if (fails) await assert.rejects(first, /no shelf/);
      else assert.equal(await first, 'processed');
      assert.equal(await second, fails ? 'processed' : 'duplicate');
      const { rows } = await pool.query('SELECT id FROM orders');
      assert.deepEqual(rows, [{ id: fails ? 'b' : 'a' }]);
    });
  }
}

test('many deliveries at once run once, whatever fails among them', async () => {
  let attempts = 0;
  const hook = webhook({
    inbox: postgresInbox(pool),
    secret: 'whsec_contract',
    onError: () => {},
    on: {
      'payment.succeeded': async (event, tx) => {
        await ship(event.id)(tx);
        if (++attempts < 4) throw new Error('not yet');
      },
    },
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(hook, 'evt_1')));
  const wanted = ['200 processed', ...Array(3).fill('500 failed'), ...Array(16).fill('200 duplicate')];
  assert.deepEqual(answers.sort(), wanted.sort());
  assert.deepEqual(await counts(), [1, 1]);
});

test('postgresInbox: an error that a handler hides is no success', async () => {
  const inbox = postgresInbox(pool);
  const hiding = async (tx) => {
    await ship('a')(tx);
    await tx.query('SELECT nonsense').catch(() => {});
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), hiding), /let its error pass/);
  assert.equal(await count('orders'), 0);
  assert.equal(await inbox.once(deliveryOf('evt_1'), ship('a')), 'processed');
});

test('postgresInbox: a handler that ends the transaction itself is told, and its event is not lost', async () => {
  const inbox = postgresInbox(pool);
  const rolling = async (tx) => {
    await ship('a')(tx);
    await tx.query('ROLLBACK');
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), rolling), /COMMIT or ROLLBACK of its own/);
  assert.equal((await inbox.find('evt_1')).state, 'failed');
  assert.equal(await inbox.once(deliveryOf('evt_1'), ship('a')), 'processed');

  const committing = async (tx) => {
    await ship('b')(tx);
    await tx.query('COMMIT');
  };
  await assert.rejects(inbox.once(deliveryOf('evt_2'), committing), /COMMIT or ROLLBACK of its own/);
  assert.equal(await inbox.once(deliveryOf('evt_2'), committing), 'duplicate');
  assert.deepEqual(await counts(), [2, 2]);
});

test('postgresInbox: a connection that is lost fails the event, and neither the process nor the pool', async () => {
  const inbox = postgresInbox(pool);
  let client;
  const cut = async (tx) => {
    client = tx;
    await ship('a')(tx);
    const lost = new Promise((resolve) => tx.once('end', resolve));
    const { rows } = await tx.query('SELECT pg_backend_pid() AS pid');
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await lost;
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), cut));
  assert.equal(await count('orders'), 0);
  assert.equal((await inbox.find('evt_1')).state, 'failed');
  for (let time = 0; time < 10; time += 1) {
    const again = await inbox.once(deliveryOf(`evt_${time}`), (tx) => void assert.notEqual(tx, client));
    assert.equal(again, 'processed');
  }
});

test('postgresInbox: a client that could not be rolled back is not used again', async () => {
  const one = new pg.Pool({ ...server, max: 1 });
  const inbox = postgresInbox(one);
  const stuck = async (tx) => {
    await ship('a')(tx);
    tx.query = () => Promise.reject(new Error('stuck'));
    throw new Error('no shelf');
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), stuck), /no shelf/);
  assert.equal(await inbox.once(deliveryOf('evt_1'), ship('b')), 'processed');
  await one.end();
  assert.deepEqual(await counts(), [1, 1]);
});

test('postgresInbox: clients go back to the pool as they came', async () => {
  const one = new pg.Pool({ ...server, max: 1 });
  const inbox = postgresInbox(one);
  for (let time = 0; time < 15; time += 1) {
    await inbox.once(deliveryOf(`evt_${time}`), ship('a'));
    await inbox.once(deliveryOf(`evt_${time}`), ship('b'));
    await assert.rejects(inbox.once(deliveryOf(`evt_no_${time}`), () => Promise.reject(new Error('no'))));
  }
  const client = await one.connect();
  // The pool's own listener is off while it is out.
  assert.deepEqual(['error', 'notice'].map((name) => client.listenerCount(name)), [0, 0]);
  assert.equal((await client.query('SELECT 1 AS one')).rows[0].one, 1);
  client.release();
  await one.end();
  assert.deepEqual(await counts(), [15, 30]);
});

test('memoryInbox: once, and again after a failure, also where the handler throws at once', async () => {
  const inbox = memoryInbox('tx');
  const event = deliveryOf('evt_1');
  await assert.rejects(inbox.once(event, () => { throw new Error('no') }), /no/);
  await assert.rejects(inbox.once(event, async () => { throw new Error('no') }), /no/);
  const seen = [];
  const work = async (tx) => void seen.push(tx);
  assert.deepEqual(await Promise.all([inbox.once(event, work), inbox.once(event, work)]), ['processed', 'duplicate']);
  assert.equal(await inbox.once(event, work), 'duplicate');
  assert.deepEqual(seen, ['tx']);
});

test('memoryInbox: where the first of several fails, one of the others runs', async () => {
  const inbox = memoryInbox();
  let attempts = 0;
  const work = async () => {
    await new Promise(setImmediate);
    if (++attempts === 1) throw new Error('no');
  };
  const results = await Promise.allSettled(Array.from({ length: 4 }, () => inbox.once(deliveryOf('evt_1'), work)));
  assert.deepEqual(results.map(({ value, reason }) => value ?? reason.message), ['no', 'processed', 'duplicate', 'duplicate']);
  assert.equal(attempts, 2);
});

const onPostgres = (make) => () => ({
  inbox: make(),
  ship: (id, tx) => ship(id)(tx),
  shipped: async () => (await pool.query('SELECT id FROM orders ORDER BY id')).rows.map(({ id }) => id),
  age: (id, days) =>
    pool.query("UPDATE faststar_webhook_events SET received_at = received_at - $2 * interval '1 day' WHERE id = $1", [id, days]),
});
inboxContract('postgresInbox', onPostgres(() => postgresInbox(pool)));
inboxContract('transactionInbox', onPostgres(own));
inboxContract(
  'memoryInbox',
  () => {
    const orders = [];
    const inbox = memoryInbox();
    const age = async (id, days) => void (await inbox.find(id)).receivedAt.setTime(Date.now() - days * 24 * 3_600_000);
    return { inbox, ship: (id) => void orders.push(id), shipped: () => orders.sort(), age };
  },
  { rollsBack: false },
);

test('postgresInbox: handlers that use the pool do not stop it, however many come at once', async () => {
  for (const max of [2, 5, 10]) {
    const few = new pg.Pool({ ...server, max });
    const hook = webhook({
      inbox: postgresInbox(few),
      secret: 'whsec_contract',
      on: { 'payment.succeeded': async (event, tx) => {
        await few.query('SELECT 1');
        await ship(event.id)(tx);
      } },
    });
    const ids = Array.from({ length: 30 }, (_, number) => `evt_${max}_${number}`);
    const answers = await Promise.all(ids.map((id) => send(hook, id)));
    assert.deepEqual(new Set(answers), new Set(['200 processed']));
    await few.end();
  }
});

test('postgresInbox: a copy that waits too long for the first one gives way', async () => {
  for (const make of [
    () => postgresInbox(pool, { lockTimeout: 50 }),
    () => transactionInbox({
      transaction: (work) => database.transaction(async (tx) => {
        await tx.raw("SET LOCAL lock_timeout = '50ms'");
        return work(tx);
      }),
      query: async (tx, sql, values) => (await tx.raw(sql.replace(/\$\d+/g, '?'), values)).rows,
    }),
  ]) {
    await pool.query('TRUNCATE faststar_webhook_events');
    const inbox = make();
    const told = [];
    const secret = 'whsec_contract';
    let end;
    const atWork = new Promise((resolve) => (end = resolve));
    let started;
    const begun = new Promise((resolve) => (started = resolve));
    const on = { 'payment.succeeded': () => (started(), atWork) };
    const hook = webhook({ inbox, secret, on, onError: (error, event) => void told.push([error, event.id]) });
    const first = send(hook, 'evt_1');
    await begun;
    const headers = { [webhooks.signatureHeader]: webhooks.signForTest(bodyOf('evt_1'), secret) };
    const answer = await hook(new Request('http://shop.test/', { method: 'POST', body: bodyOf('evt_1'), headers }));
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5']);
    const [[error, id]] = told;
    assert.ok(error instanceof InboxBusyError);
    assert.deepEqual([error.name, error.code, error.retryable, id], ['InboxBusyError', 'inbox_busy', true, 'evt_1']);
    assert.match(error.message, /another delivery of evt_1 is still at work/);
    end();
    assert.equal(await first, '200 processed');
    assert.equal(await send(hook, 'evt_1'), '200 duplicate');
  }
});

test('postgresInbox: where all its connections are in use, an event gives way, and says why', async () => {
  const few = new pg.Pool({ ...server, max: 4 });
  const inbox = postgresInbox(few, { connections: 1, lockTimeout: 50 });
  let end;
  const atWork = new Promise((resolve) => (end = resolve));
  let first;
  await new Promise((started) => (first = inbox.once(deliveryOf('evt_1'), () => (started(), atWork))));
  const isBusy = (error) => error instanceof InboxBusyError && /one of the inbox's 1 connections/.test(error.message);
  await assert.rejects(inbox.once(deliveryOf('evt_2'), () => {}), isBusy);
  end();
  assert.equal(await first, 'processed');

  // The pool itself has none left, and gets back the one that comes too late.
  const held = await Promise.all([1, 2, 3, 4].map(() => few.connect()));
  await assert.rejects(inbox.once(deliveryOf('evt_2'), () => {}), isBusy);
  for (const client of held) client.release();
  assert.equal(await inbox.once(deliveryOf('evt_2'), () => {}), 'processed');
  await few.end();
});

test('postgresInbox: a handler that waits for its own lock by another connection is ended, and told why', async () => {
  const inbox = postgresInbox(pool, { idleTimeout: 100 });
  await pool.query("INSERT INTO orders VALUES ('a')");
  let other;
  const locking = async (tx) => {
    await tx.query("UPDATE orders SET id = 'b'");
    other = pool.query("UPDATE orders SET id = 'c'");
    await other;
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), locking), /left its transaction idle for 100 ms.*use tx alone/);
  await other;
  assert.equal((await inbox.find('evt_1')).state, 'failed');
});

test('postgresInbox: even a pool of one connection serves again', async () => {
  const one = new pg.Pool({ ...server, max: 1 });
  const inbox = postgresInbox(one, { idleTimeout: 100 });
  let answered;
  const waiting = async () => {
    answered = one.query('SELECT 1');
    await answered;
  };
  await assert.rejects(inbox.once(deliveryOf('evt_1'), waiting), /left its transaction idle/);
  await answered;
  assert.equal(await inbox.once(deliveryOf('evt_1'), ship('a')), 'processed');
  await one.end();
});

test('postgresInbox: options that cannot work are refused', () => {
  for (const [options, param] of [
    [{ connections: 0 }, 'connections'],
    [{ connections: 1.5 }, 'connections'],
    [{ lockTimeout: '5s' }, 'lockTimeout'],
    [{ idleTimeout: -1 }, 'idleTimeout'],
    [{ lock_timeout: 5 }, 'lock_timeout'],
  ]) {
    assert.throws(() => postgresInbox(pool, options), (error) => error instanceof ConfigurationError && error.param === param);
  }
});

for (const [name, table] of Object.entries({ INBOX_TABLE, ORDERS_TABLE })) {
  test(`${name} is safe when eight processes start at once, as a simple and as a prepared statement`, async () => {
    const eight = new pg.Pool({ ...server, max: 8 });
    for (let round = 0; round < 10; round += 1) {
      await pool.query('DROP TABLE IF EXISTS faststar_webhook_events, faststar_order_sessions');
      const statement = round % 2 === 0 ? table : { text: table, name: `make_${name}` };
      await Promise.all(Array.from({ length: 8 }, () => eight.query(statement)));
    }
    await eight.end();
    for (const other of [INBOX_TABLE, ORDERS_TABLE]) await pool.query(other);
  });
}
