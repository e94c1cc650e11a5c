/** The routes as users write them, with the types of the frameworks. It is checked and not run. */

import { createServer } from 'node:http';

import express from 'express';
import Fastify from 'fastify';
import { type Context, Hono } from 'hono';
import pg from 'pg';

import { FastStar, guardAmount, type Payment, type PaymentSucceededEvent, type WebhookEvent } from 'faststar';
import * as forExpress from 'faststar/express';
import * as forFastify from 'faststar/fastify';
import * as forHono from 'faststar/hono';
import * as forNext from 'faststar/next';
import { type Inbox, memoryInbox, type Outcome, postgresInbox, sqliteInbox, transactionInbox } from 'faststar/inbox';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_same: Same<A, B>): void => {};

const inbox = postgresInbox(new pg.Pool());
same<typeof inbox, Inbox<pg.PoolClient>>(true);

const webhook = {
  inbox,
  on: {
    'payment.succeeded': async (event: PaymentSucceededEvent, tx: pg.PoolClient) => {
      const payment = guardAmount(event, { amount: 999, currency: 'USD' });
      same<typeof payment, Payment>(true);
      await tx.query('UPDATE orders SET paid = true WHERE id = $1', [payment.client_reference_id]);
    },
  },
};

const fields = (quantity: number) =>
  ({ mode: 'payment', presentation: 'iframe', line_items: [{ price_id: 'price_1', quantity }] }) as const;

export function inferred(): void {
  forNext.webhook({
    inbox,
    secret: ['new', 'old'],
    on: {
      'payment.succeeded': async (event, tx) => {
        same<typeof event, PaymentSucceededEvent>(true);
        same<typeof tx, pg.PoolClient>(true);
      },
      'invoice.paid': ({ type }) => same<typeof type, 'invoice.paid'>(true),
      '*': (event) => same<typeof event, WebhookEvent>(true),
    },
    onError: (error, event) => console.error(error, event?.id),
    onProcessed: (event) => same<typeof event, WebhookEvent>(true),
  });
  // @ts-expect-error a misspelt type
  forNext.webhook({ inbox, on: { 'payment.succeded': () => {} } });
  // @ts-expect-error without an inbox an event could take effect twice
  forNext.webhook({ on: {} });
  // @ts-expect-error a subscription's item names a price
  forNext.checkout(() => ({ mode: 'subscription', presentation: 'iframe', line_items: [{ product_id: 'p' }] }));
}

export function onExpress(): void {
  const app = express();
  app.post('/webhooks/faststar', forExpress.webhook(webhook));
  app.post('/checkout', express.json(), forExpress.checkout((request) => fields(request.body.quantity)));
  createServer(forExpress.webhook(webhook));
  app.post('/orders/:id', forExpress.checkout((request: express.Request<{ id: string }>) => fields(Number(request.params.id))));
}

export function onFastify(): void {
  const app = Fastify();
  app.register(forFastify.webhook(webhook), { prefix: '/webhooks/faststar' });
  app.post<{ Body: { quantity: number } }>('/checkout', forFastify.checkout((request) => fields(request.body.quantity)));
}

export function onHono(): void {
  const app = new Hono();
  app.post('/webhooks/faststar', forHono.webhook(webhook));
  app.post('/checkout', forHono.checkout(async (c) => fields((await c.req.json()).quantity)));
  app.post('/named', forHono.checkout((c: Context) => fields(Number(c.req.query('quantity')))));
}

export const onNext = {
  POST: forNext.webhook(webhook) satisfies (request: Request, context: { params: Promise<object> }) => Promise<Response>,
  checkout: forNext.checkout(
    async (request, { params }: { params: Promise<{ id: string }> }) => {
      same<typeof request, Request>(true);
      return fields(Number((await params).id));
    },
    { client: new FastStar('k') },
  ) satisfies (request: Request, context: { params: Promise<{ id: string }> }) => Promise<Response>,
};

interface Prisma {
  $executeRaw(query: TemplateStringsArray, ...values: unknown[]): Promise<number>;
}
declare const prisma: { $transaction<R>(work: (tx: Prisma) => Promise<R>): Promise<R> };
declare const sqlite: { exec(sql: string): void; prepare(sql: string): { run(...values: unknown[]): { changes: number } } };

export const inboxes = {
  prisma: transactionInbox<Prisma>({
    transaction: (work) => prisma.$transaction(work),
    claim: async (tx, id, type) => {
      same<typeof tx, Prisma>(true);
      return 1 === (await tx.$executeRaw`INSERT INTO events (id, type) VALUES (${id}, ${type}) ON CONFLICT DO NOTHING`);
    },
  }),
  sqlite: sqliteInbox(sqlite) satisfies Inbox<typeof sqlite>,
  nothing: memoryInbox() satisfies Inbox<undefined>,
  fake: memoryInbox({ query: async () => ({ rows: [] }) }),
  own: {
    once: async (event: WebhookEvent, work: (tx: string) => unknown): Promise<Outcome> => {
      await work(event.id);
      return 'processed';
    },
  } satisfies Inbox<string>,
};
