import express from 'express';
import { checkout, webhook } from 'faststar/express';
import { events, orders, pay } from './shop.mjs';
const app = express();
app.post('/webhooks/faststar', webhook(events)); // before any body parser
app.use(express.json());
app.post('/checkout', checkout(({ body, protocol, headers }) => pay(body?.order, `${protocol}://${headers.host}`), { orders }));
app.listen(3000);
