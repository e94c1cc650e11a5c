/** The inboxes in memory and in PostgreSQL, on a real server. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import knex from 'knex';
import pg from 'pg';

import { webhooks } from 'faststar';
import { webhook } from 'faststar/fetch';
import { INBOX_TABLE, memoryInbox, postgresInbox, transactionInbox } from 'faststar/inbox';
import { startPostgres } from './postgres.mjs';

const eventOf = (id) => webhooks.parse(JSON.stringify({ id, type: 'payment.succeeded', data: {} }));

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
    claim: async (tx, id, type) => {
      const rows = await tx('faststar_webhook_events').insert({ id, type }).onConflict('id').ignore().returning('id');
      return rows.length === 1;
    },
  });

for (const [name, make] of [['postgresInbox', () => postgresInbox(pool)], ['transactionInbox', own]]) {
  test(`${name}: the event and what its handler writes are one transaction`, async () => {
    const inbox = make();
    const event = eventOf('evt_1');
    assert.equal(await inbox.once(event, ship('a')), 'processed');
    assert.equal(await inbox.once(event, ship('b')), 'duplicate');
    assert.equal(await inbox.once(eventOf('evt_2'), ship('c')), 'processed');
    assert.deepEqual(await counts(), [2, 2]);
    const { rows } = await pool.query("SELECT type, processed_at FROM faststar_webhook_events WHERE id = 'evt_1'");
    assert.equal(rows[0].type, 'payment.succeeded');
    assert.ok(rows[0].processed_at instanceof Date);
  });

  test(`${name}: a handler that throws leaves nothing, and runs again`, async () => {
    const inbox = make();
    const failure = new Error('no shelf');
    const failing = async (tx) => {
      await ship('a')(tx);
      throw failure;
    };
    await assert.rejects(inbox.once(eventOf('evt_1'), failing), (error) => error === failure);
    assert.deepEqual(await counts(), [0, 0]);
    assert.equal(await inbox.once(eventOf('evt_1'), ship('a')), 'processed');
    assert.deepEqual(await counts(), [1, 1]);
  });

  for (const fails of [false, true]) {
    test(`${name}: of two deliveries at once, the second waits for the first, which ${fails ? 'fails' : 'succeeds'}`, async () => {
      const inbox = make();
      let second;
      const first = inbox.once(eventOf('evt_1'), async (tx) => {
        await ship('a')(tx);
        second = inbox.once(eventOf('evt_1'), ship('b'));
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
    secret: 's',
    onError: () => {},
    on: {
      'payment.succeeded': async (event, tx) => {
        await ship(event.id)(tx);
        if (++attempts < 4) throw new Error('not yet');
      },
    },
  });
  const body = JSON.stringify({ id: 'evt_1', type: 'payment.succeeded', data: {} });
  const deliver = async () => {
    const headers = { [webhooks.signatureHeader]: webhooks.signForTest(body, 's') };
    const answer = await hook(new Request('http://shop.test/', { method: 'POST', body, headers }));
    return answer.text();
  };
  const answers = await Promise.all(Array.from({ length: 20 }, deliver));
  const wanted = ['processed\n', ...Array(3).fill('failed\n'), ...Array(16).fill('duplicate\n')];
  assert.deepEqual(answers.sort(), wanted.sort());
  assert.deepEqual(await counts(), [1, 1]);
});

test('postgresInbox: an error that a handler hides is no success', async () => {
  const inbox = postgresInbox(pool);
  const hiding = async (tx) => {
    await ship('a')(tx);
    await tx.query('SELECT nonsense').catch(() => {});
  };
  await assert.rejects(inbox.once(eventOf('evt_1'), hiding), /let its error pass/);
  assert.deepEqual(await counts(), [0, 0]);
  assert.equal(await inbox.once(eventOf('evt_1'), ship('a')), 'processed');
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
  await assert.rejects(inbox.once(eventOf('evt_1'), cut));
  assert.deepEqual(await counts(), [0, 0]);
  for (let time = 0; time < 10; time += 1) {
    const again = await inbox.once(eventOf(`evt_${time}`), (tx) => void assert.notEqual(tx, client));
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
  await assert.rejects(inbox.once(eventOf('evt_1'), stuck), /no shelf/);
  assert.equal(await inbox.once(eventOf('evt_1'), ship('b')), 'processed');
  await one.end();
  assert.deepEqual(await counts(), [1, 1]);
});

test('postgresInbox: clients go back to the pool as they came', async () => {
  const one = new pg.Pool({ ...server, max: 1 });
  const inbox = postgresInbox(one);
  for (let time = 0; time < 15; time += 1) {
    await inbox.once(eventOf(`evt_${time}`), ship('a'));
    await inbox.once(eventOf(`evt_${time}`), ship('b'));
    await assert.rejects(inbox.once(eventOf(`evt_no_${time}`), () => Promise.reject(new Error('no'))));
  }
  const client = await one.connect();
  // The pool's own listener is off while it is out.
  assert.equal(client.listenerCount('error'), 0);
  assert.equal((await client.query('SELECT 1 AS one')).rows[0].one, 1);
  client.release();
  await one.end();
  assert.deepEqual(await counts(), [15, 15]);
});

test('memoryInbox: once, and again after a failure, also where the handler throws at once', async () => {
  const inbox = memoryInbox('tx');
  const event = eventOf('evt_1');
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
  const results = await Promise.allSettled(Array.from({ length: 4 }, () => inbox.once(eventOf('evt_1'), work)));
  assert.deepEqual(results.map(({ value, reason }) => value ?? reason.message), ['no', 'processed', 'duplicate', 'duplicate']);
  assert.equal(attempts, 2);
});
