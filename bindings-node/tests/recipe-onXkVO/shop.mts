import { checkPayment, type CreateSessionParams, FastStar, type Session } from 'faststar';
import type { WebhookOptions } from 'faststar/express';
import { GiveUp, postgresInbox } from 'faststar/inbox';
import { postgresOrders } from 'faststar/orders';
import pg from 'pg';

const pool = new pg.Pool(); // connects at its first query: a build needs no database
pool.on('error', console.error); // or an idle connection that breaks ends the process
let client: FastStar | undefined;
const faststar = () => (client ??= new FastStar()); // nor a key

interface Order {
  id: string;
  price_id: string;
  quantity: number;
  subtotal: string; // pg gives a BIGINT as text
  currency: string;
  state: string;
}

/** Where it is remembered which session an order has. */
export const orders = postgresOrders(pool);

/** Gives the session's fields. The browser names the order; what it costs, the shop says. */
export async function pay(id: string | undefined, origin: string): Promise<CreateSessionParams> {
  const { rows: [order] } = await pool.query<Order>('SELECT * FROM orders WHERE id = $1', [id]);
  if (order === undefined) throw Object.assign(new Error('no such order'), { status: 404 });
  return {
    mode: 'payment',
    presentation: 'iframe',
    line_items: [{ price_id: order.price_id, quantity: order.quantity }],
    success_url: `${origin}/orders/${order.id}`,
    cancel_url: `${origin}/orders/${order.id}`,
    client_reference_id: order.id,
  };
}

/** What happens on events. */
export const events: WebhookOptions<pg.PoolClient, Session | undefined> = {
  inbox: postgresInbox(pool),
  // Before the transaction: the session that was paid, which tells whether tax came on top.
  prepare: async (event) => {
    const id = event.type === 'payment.succeeded' && event.data.checkout_session_id;
    return id ? faststar().checkout.sessions.retrieve(id) : undefined;
  },
  on: {
    'payment.succeeded': async (event, tx, session) => {
      const { payment_id, client_reference_id = session?.client_reference_id } = event.data; // a live event may lack it
      const { rows: [order] } = await tx.query<Order>('SELECT * FROM orders WHERE id = $1 FOR UPDATE', [client_reference_id]);
      if (order === undefined) throw new GiveUp(`${payment_id} is for no order of this shop`);
      if (order.state !== 'open') throw new GiveUp(`${payment_id} pays ${order.id} once more: refund it`);
      const check = checkPayment(event, { amount: BigInt(order.subtotal), currency: order.currency }, session);
      // Fulfill what is paid; a person looks into the rest. Either way the event is done: a 200.
      const state = check.isPaid ? 'paid' : 'review';
      await tx.query('UPDATE orders SET state = $1, note = $2 WHERE id = $3', [state, check.message, order.id]);
    },
  },
};
