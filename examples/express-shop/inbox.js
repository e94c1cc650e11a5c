/**
 * Shows the events that need a person, and runs events again: `node inbox.js`, `node inbox.js replay`,
 * `node inbox.js replay evt_…`. The environment is the server's.
 */

import { FastStar } from 'faststar';
import { replay } from 'faststar/inbox';

import { open } from './orders.js';
import { eventsOf } from './shop.js';

const [command, id] = process.argv.slice(2);
const database = open(process.env.SHOP_DATABASE ?? 'shop.db');
const events = eventsOf({ database, faststar: new FastStar() });

if (command === 'replay') {
  for (const { id: replayed, outcome } of await replay(events, { id })) console.log(replayed, outcome);
} else {
  const rows = await events.inbox.list({ state: ['unhandled', 'failed', 'given_up'] });
  for (const { id, type, state, note, receivedAt } of rows) {
    console.log(receivedAt.toISOString(), id, type, state, note);
  }
}
database.close();
