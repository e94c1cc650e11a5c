import { serve } from '@hono/node-server';
import { checkout, webhook } from 'faststar/hono';
import { Hono } from 'hono';
import { events, orders, pay } from './shop.mjs';
const app = new Hono();
app.post('/webhooks/faststar', webhook(events));
app.post('/checkout', checkout(async (c) => pay((await c.req.json())?.order, new URL(c.req.url).origin), { orders }));
serve({ fetch: app.fetch, port: 3000 });
