/** The routes as users write them, with the types of the frameworks. It is checked and not run. */

import { createServer } from 'node:http';

import express from 'express';
import Fastify from 'fastify';
import { type Context, Hono } from 'hono';
import pg from 'pg';

import { checkPayment, FastStar, type PaymentCheck, type PaymentSucceededEvent, type Session, type WebhookEvent } from 'faststar';
import * as forExpress from 'faststar/express';
import * as forFastify from 'faststar/fastify';
import * as forHono from 'faststar/hono';
import * as forNext from 'faststar/next';
import {
  type Delivery,
  type Inbox,
  type InboxEvent,
  memoryInbox,
  type Outcome,
  postgresInbox,
  replay,
  type Replayed,
  sqliteInbox,
  transactionInbox,
} from 'faststar/inbox';
import { type Attempt, memoryOrders, openSession, type Orders, postgresOrders, sqliteOrders } from 'faststar/orders';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_same: Same<A, B>): void => {};

const inbox = postgresInbox(new pg.Pool());
same<typeof inbox, Inbox<pg.PoolClient>>(true);

const webhook = {
  inbox,
  on: {
    'payment.succeeded': async (event: PaymentSucceededEvent, tx: pg.PoolClient) => {
      const check = checkPayment(event, { amount: 999, currency: 'USD' });
      same<typeof check, PaymentCheck>(true);
      await tx.query('UPDATE orders SET paid = $2 WHERE id = $1', [event.data.client_reference_id, check.isPaid]);
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
  forNext.webhook({
    inbox,
    prepare: async (event) => (same<typeof event, WebhookEvent>(true), event.id.length),
    on: { 'payment.succeeded': (_event, _tx, length) => same<typeof length, number>(true) },
    onUnhandled: (event) => same<typeof event, WebhookEvent>(true),
  });
  forNext.webhook({ inbox, on: { 'payment.succeeded': (_event, _tx, nothing) => same<typeof nothing, undefined>(true) } });
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
  const onOpen = ({ session, url }: { session: Session; url: string }, { params }: express.Request<{ id: string }>) => {
    console.log(params.id, session.amount_total, url);
  };
  app.post('/kept/:id', forExpress.checkout((request: express.Request<{ id: string }>) => fields(Number(request.params.id)), { onOpen }));
  app.post('/login', forExpress.checkout((_request, response) => response.redirect(303, '/login')));
  app.post('/typed', forExpress.checkout((request: express.Request, response: express.Response) => (response.vary('cookie'), fields(request.body.n))));
  app.post('/orders/:id', forExpress.checkout((request: express.Request<{ id: string }>) => fields(Number(request.params.id))));
}

export function onFastify(): void {
  const app = Fastify();
  app.register(forFastify.webhook(webhook), { prefix: '/webhooks/faststar' });
  app.post<{ Body: { quantity: number } }>('/checkout', forFastify.checkout((request) => fields(request.body.quantity)));
  app.post('/login', forFastify.checkout((_request, reply) => void reply.redirect('/login')));
}

export function onHono(): void {
  const app = new Hono();
  app.post('/webhooks/faststar', forHono.webhook(webhook));
  app.post('/checkout', forHono.checkout(async (c) => fields((await c.req.json()).quantity)));
  app.post('/kept', forHono.checkout((c: Context) => fields(1), { onOpen: ({ session }, c) => c.set('session', session.id) }));
  app.post('/login', forHono.checkout((c: Context) => c.redirect('/login')));
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
  $queryRawUnsafe<T>(query: string, ...values: unknown[]): Promise<T>;
}
declare const prisma: Prisma & { $transaction<R>(work: (tx: Prisma) => Promise<R>): Promise<R> };
declare const sqlite: {
  exec(sql: string): void;
  prepare(sql: string): { all(...values: unknown[]): unknown[]; run(...values: unknown[]): { changes: number } };
};

export const inboxes = {
  prisma: transactionInbox<Prisma>({
    transaction: (work) => prisma.$transaction(work),
    query: (tx, sql, values) => tx.$queryRawUnsafe<object[]>(sql, ...values),
  }),
  sqlite: sqliteInbox(sqlite) satisfies Inbox<typeof sqlite>,
  nothing: memoryInbox() satisfies Inbox<undefined>,
  fake: memoryInbox({ query: async () => ({ rows: [] }) }),
  own: {
    once: async ({ event }: Delivery, work: ((tx: string) => unknown) | undefined): Promise<Outcome> => {
      await work?.(event.id);
      return 'processed';
    },
    list: async (): Promise<InboxEvent[]> => [],
    find: async () => undefined,
    prune: async () => 0,
  } satisfies Inbox<string>,
};

export async function again(): Promise<void> {
  const replayed = await replay(webhook, { state: ['failed', 'unhandled'], since: new Date(0) });
  same<typeof replayed, Replayed[]>(true);
  // @ts-expect-error a misspelt state
  await replay(webhook, { state: 'unhandeled' });
  console.log(await inbox.prune({ days: 7, state: 'processed' }));
}

export async function orders(pool: pg.Pool, client: FastStar): Promise<string> {
  const stores: Orders[] = [postgresOrders(pool), sqliteOrders(sqlite), memoryOrders()];
  const attempts: readonly Attempt[] = await stores[0]!.list('order_1');
  const opened = await openSession('order_1', fields(attempts.length), { client, orders: stores[0]! });
  if (opened.status === 'complete') {
    // @ts-expect-error what is paid has no url
    console.log(opened.url);
    return opened.session.id;
  }
  return opened.url;
}
