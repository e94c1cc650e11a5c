import Fastify from 'fastify';
import { checkout, webhook } from 'faststar/fastify';
import { events, orders, pay } from './shop.mjs';
const app = Fastify();
app.register(webhook(events), { prefix: '/webhooks/faststar' });
app.post('/checkout', checkout(({ body, protocol, host }) => pay(body?.order, `${protocol}://${host}`), { orders }));
await app.listen({ port: 3000 });
