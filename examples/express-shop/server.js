/**
 * Starts the shop. The environment has FASTSTAR_API_KEY and FASTSTAR_WEBHOOK_SECRET, for a sandbox
 * FASTSTAR_BASE_URL too; PORT and SHOP_DATABASE are the shop's own.
 */

import { FastStar } from 'faststar';

import { seed } from './catalog.js';
import { open, Orders } from './orders.js';
import { createShop, eventsOf } from './shop.js';

const database = open(process.env.SHOP_DATABASE ?? 'shop.db');
const faststar = new FastStar();
await seed(faststar, new Orders(database));

// Events quote buyers: after 30 days they go.
await eventsOf({ database, faststar }).inbox.prune();

const cashier = new URL(process.env.FASTSTAR_BASE_URL ?? 'https://cashier.faststarpay.com').origin;
const app = createShop({ database, faststar, cashier });
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`The shop is open at http://127.0.0.1:${server.address().port}/`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    // What has come is answered, a webhook too.
    server.close(() => database.close());
    server.closeIdleConnections();
  });
}
