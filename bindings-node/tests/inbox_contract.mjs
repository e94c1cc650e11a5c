/** What holds for every inbox, by the routes and replays that stand on it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { webhooks } from 'faststar';
import { webhook } from 'faststar/fetch';
import { GiveUp, replay } from 'faststar/inbox';

const SECRET = 'whsec_contract';

/** The body of an event. */
export const bodyOf = (id, type = 'payment.succeeded') => JSON.stringify({ id, type, data: { text: "ö ' $1 ?" } });

/** A delivery as the routes hand it to an inbox. */
export const deliveryOf = (id, type) => ({ event: webhooks.parse(bodyOf(id, type)), body: bodyOf(id, type) });

/** Sends an event to a route, and gives the answer's status and text. */
export async function send(hook, id, type) {
  const body = bodyOf(id, type);
  const headers = { [webhooks.signatureHeader]: webhooks.signForTest(body, SECRET) };
  const answer = await hook(new Request('http://shop.test/', { method: 'POST', body, headers }));
  return `${answer.status} ${(await answer.text()).trim()}`;
}

/**
 * Tests an inbox. `open(t)` gives `inbox`, `ship(id)` for a handler that writes an order, `shipped()` for the
 * orders that are there, and `age(id, days)`, which makes a row older. `rollsBack` is false in memory.
 */
export function inboxContract(name, open, { rollsBack = true } = {}) {
  const shop = async (t) => {
    const seen = { errors: [], unhandled: [], processed: [] };
    const { inbox, ...rest } = await open(t);
    const events = (on, more) => ({
      inbox,
      secret: SECRET,
      on,
      onError: (error, event) => void seen.errors.push([error.message, event?.id]),
      onUnhandled: ({ id }) => void seen.unhandled.push(id),
      onProcessed: ({ id }) => void seen.processed.push(id),
      ...more,
    });
    const states = async (filter) => Object.fromEntries((await inbox.list(filter)).map(({ id, state }) => [id, state]));
    return { inbox, events, states, ...seen, ...rest };
  };

  test(`${name}: an event that no handler takes is told once, kept with its body, and replayed`, async (t) => {
    const { inbox, events, states, ship, shipped, unhandled, processed, errors } = await shop(t);
    const without = webhook(events({ 'payment.failed': () => {} }));
    assert.equal(await send(without, 'evt_1'), '200 unhandled');
    assert.equal(await send(without, 'evt_1'), '200 duplicate');
    assert.equal(await send(without, 'evt_2'), '200 unhandled');
    assert.deepEqual([unhandled, processed], [['evt_1', 'evt_2'], []]);
    const { body, receivedAt, ...row } = await inbox.find('evt_1');
    assert.deepEqual(row, { id: 'evt_1', type: 'payment.succeeded', state: 'unhandled', note: '', attempts: 1 });
    assert.equal(body, bodyOf('evt_1'));
    assert.ok(Math.abs(receivedAt - Date.now()) < 60_000, String(receivedAt));

    // Still without a handler: as it was, and not told again.
    assert.deepEqual((await replay(events({}))).map(({ outcome }) => outcome), ['unhandled', 'unhandled']);
    const handled = events({ 'payment.succeeded': ({ id }, tx) => ship(id, tx) });
    assert.deepEqual(await replay(handled, { id: 'evt_2' }), [
      { id: 'evt_2', type: 'payment.succeeded', outcome: 'processed' },
    ]);
    assert.deepEqual(await states(), { evt_1: 'unhandled', evt_2: 'processed' });
    assert.deepEqual((await replay(handled)).map(({ id, outcome }) => [id, outcome]), [['evt_1', 'processed']]);
    assert.deepEqual(await replay(handled), []);
    assert.deepEqual([await shipped(), processed, errors], [['evt_1', 'evt_2'], ['evt_2', 'evt_1'], []]);
    assert.deepEqual(unhandled, ['evt_1', 'evt_2']);
    assert.equal(await send(webhook(handled), 'evt_1'), '200 duplicate');
  });

  test(`${name}: an event that comes again is handled once there is a handler`, async (t) => {
    const { events, ship, shipped } = await shop(t);
    assert.equal(await send(webhook(events({})), 'evt_1'), '200 unhandled');
    const hook = webhook(events({ '*': ({ id }, tx) => ship(id, tx) }));
    assert.equal(await send(hook, 'evt_1'), '200 processed');
    assert.equal(await send(hook, 'evt_1'), '200 duplicate');
    assert.deepEqual(await shipped(), ['evt_1']);
  });

  test(`${name}: a failure is kept, and handled when it comes again or is replayed`, async (t) => {
    const { inbox, events, states, ship, shipped, errors } = await shop(t);
    let broken = true;
    const on = {
      'payment.succeeded': ({ id }, tx) => {
        if (broken) throw new TypeError(`no shelf for the buyer of ${id}`);
        return ship(id, tx);
      },
    };
    const hook = webhook(events(on));
    for (const id of ['evt_1', 'evt_1', 'evt_2']) assert.equal(await send(hook, id), '500 failed');
    const { state, note, attempts } = await inbox.find('evt_1');
    // By its name: a message may quote the buyer.
    assert.deepEqual([state, note, attempts], ['failed', 'TypeError', 2]);
    assert.deepEqual((await replay(events(on), { id: 'evt_2' })).map(({ outcome, error }) => [outcome, error?.name]), [
      ['failed', 'TypeError'],
    ]);
    assert.deepEqual(errors.map(([, id]) => id), ['evt_1', 'evt_1', 'evt_2', 'evt_2']);
    broken = false;
    assert.equal(await send(hook, 'evt_1'), '200 processed');
    assert.deepEqual((await replay(events(on))).map(({ id, outcome }) => [id, outcome]), [['evt_2', 'processed']]);
    assert.deepEqual(await states(), { evt_1: 'processed', evt_2: 'processed' });
    assert.equal((await inbox.find('evt_1')).note, '');
    assert.deepEqual(await shipped(), ['evt_1', 'evt_2']);
  });

  test(`${name}: what is given up is rolled back, kept, told once and answered with a 200`, async (t) => {
    const { inbox, events, ship, shipped, errors, processed } = await shop(t);
    let sold = false;
    const on = {
      'payment.succeeded': ({ id }, tx) => {
        const shipping = ship(id, tx);
        const end = () => {
          if (!sold) throw new GiveUp('not sold any more');
        };
        return shipping === undefined ? end() : shipping.then(end);
      },
    };
    const hook = webhook(events(on));
    assert.equal(await send(hook, 'evt_1'), '200 given_up');
    assert.equal(await send(hook, 'evt_1'), '200 duplicate');
    assert.deepEqual([errors, processed], [[['not sold any more', 'evt_1']], []]);
    const { state, note } = await inbox.find('evt_1');
    assert.deepEqual([state, note], ['given_up', 'not sold any more']);
    if (rollsBack) assert.deepEqual(await shipped(), []);
    // Only where it is asked for.
    assert.deepEqual(await replay(events(on)), []);
    assert.deepEqual((await replay(events(on), { state: 'given_up' })).map(({ outcome }) => outcome), ['given_up']);
    sold = true;
    assert.deepEqual((await replay(events(on), { id: 'evt_1' })).map(({ outcome }) => outcome), ['processed']);
    if (rollsBack) assert.deepEqual(await shipped(), ['evt_1']);
    assert.equal((await inbox.find('evt_1')).note, '');
  });

  test(`${name}: what has to wait comes before the transaction, and never for what is done`, async (t) => {
    const { inbox, events, ship, shipped, errors } = await shop(t);
    const prepared = [];
    let failure;
    const hook = webhook(
      events(
        { 'payment.succeeded': (_event, tx, value) => ship(value, tx) },
        {
          prepare: async ({ id }) => {
            await new Promise(setImmediate);
            prepared.push(id);
            if (failure) throw failure;
            return `for ${id}`;
          },
        },
      ),
    );
    assert.equal(await send(hook, 'evt_1'), '200 processed');
    assert.equal(await send(hook, 'evt_1'), '200 duplicate');
    assert.equal(await send(hook, 'evt_2', 'payment.failed'), '200 unhandled');
    assert.deepEqual([prepared, await shipped()], [['evt_1'], ['for evt_1']]);
    failure = new Error('FastStar is away');
    assert.equal(await send(hook, 'evt_3'), '500 failed');
    assert.equal((await inbox.find('evt_3')).state, 'failed');
    failure = new GiveUp('never');
    assert.equal(await send(hook, 'evt_3'), '200 given_up');
    assert.equal(await send(hook, 'evt_3'), '200 duplicate');
    assert.deepEqual(errors, [['FastStar is away', 'evt_3'], ['never', 'evt_3']]);
  });

  test(`${name}: hooks that throw are told, and change nothing`, async (t) => {
    const { events, states, errors } = await shop(t);
    for (const wait of [false, true]) {
      const hook = () => {
        if (wait) return Promise.reject(new Error('a hook'));
        throw new Error('a hook');
      };
      const route = webhook(events({ 'payment.succeeded': () => {} }, { onUnhandled: hook, onProcessed: hook }));
      assert.equal(await send(route, `evt_u${wait}`, 'invoice.paid'), '200 unhandled');
      assert.equal(await send(route, `evt_p${wait}`), '200 processed');
    }
    assert.deepEqual(errors.map(([message]) => message), Array(4).fill('a hook'));
    assert.deepEqual(Object.values(await states()), ['unhandled', 'processed', 'unhandled', 'processed']);
  });

  test(`${name}: a replay and a delivery at once run once, and so do two replays`, async (t) => {
    const { events, ship, shipped } = await shop(t);
    for (const id of ['evt_1', 'evt_2']) await send(webhook(events({})), id);
    const handled = events({ 'payment.succeeded': ({ id }, tx) => ship(id, tx) });
    await Promise.all([replay(handled), replay(handled), send(webhook(handled), 'evt_1'), send(webhook(handled), 'evt_2')]);
    assert.deepEqual(await shipped(), ['evt_1', 'evt_2']);
  });

  test(`${name}: an event that is done is replayed once, however many ask for it at once`, async (t) => {
    const { events } = await shop(t);
    let effects = 0;
    const handled = events({ 'payment.succeeded': () => void (effects += 1) });
    await send(webhook(handled), 'evt_1');
    // At once: all eight have found the event before any of them runs it.
    let asked = 0;
    let found;
    const all = new Promise((resolve) => (found = resolve));
    const list = async (filter) => {
      const rows = await handled.inbox.list(filter);
      if ((asked += 1) === 8) found();
      await all;
      return rows;
    };
    const together = { ...handled, inbox: { ...handled.inbox, list } };
    const replayed = await Promise.all(Array.from({ length: 8 }, () => replay(together, { id: 'evt_1' })));
    assert.deepEqual(replayed.flat().map(({ outcome }) => outcome).sort(), [...Array(7).fill('duplicate'), 'processed']);
    assert.equal(effects, 2);
    await replay(handled, { id: 'evt_1' });
    assert.equal(effects, 3);
  });

  test(`${name}: what is given up with any text is kept`, async (t) => {
    const { inbox, events } = await shop(t);
    const hook = webhook(events({ 'payment.succeeded': () => { throw new GiveUp('no \0 order'); } }));
    assert.equal(await send(hook, 'evt_1'), '200 given_up');
    assert.equal((await inbox.find('evt_1')).note, 'no \uFFFD order');
  });

  test(`${name}: rows are listed by id, state, type and time, oldest first; old ones are pruned`, async (t) => {
    const { inbox, events, states, age } = await shop(t);
    const hook = webhook(events({ 'payment.succeeded': () => {} }));
    for (const [id, type] of [['evt_a'], ['evt_b', 'invoice.paid'], ['evt_c', 'payout.sent'], ['evt_d']]) await send(hook, id, type);
    await age('evt_c', 29);
    await age('evt_d', 31);
    await age('evt_b', 40);
    const ids = async (filter) => (await inbox.list(filter)).map(({ id }) => id);
    assert.deepEqual(await ids(), ['evt_b', 'evt_d', 'evt_c', 'evt_a']);
    assert.deepEqual(await ids({ limit: 2 }), ['evt_b', 'evt_d']);
    assert.deepEqual(await ids({ state: 'unhandled' }), ['evt_b', 'evt_c']);
    assert.deepEqual(await ids({ state: ['unhandled', 'processed'], type: 'payment.succeeded' }), ['evt_d', 'evt_a']);
    assert.deepEqual(await ids({ id: 'evt_a' }), ['evt_a']);
    assert.deepEqual(await ids({ since: new Date(Date.now() - 30 * 24 * 3_600_000) }), ['evt_c', 'evt_a']);
    assert.equal('body' in (await inbox.list())[0], false);
    assert.equal(await inbox.prune(), 1);
    assert.deepEqual(await states(), { evt_b: 'unhandled', evt_c: 'unhandled', evt_a: 'processed' });
    assert.equal(await inbox.prune({ state: 'unhandled' }), 1);
    assert.equal(await inbox.prune({ days: 28, state: ['unhandled', 'failed'] }), 1);
    assert.deepEqual(await states(), { evt_a: 'processed' });
    assert.equal(await inbox.find('evt_b'), undefined);
  });
}
