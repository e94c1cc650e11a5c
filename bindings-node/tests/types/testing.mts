/** How a test is written. It is checked and not run. */

import type { Session, WebhookEvent } from 'faststar';
import { type Merchant, Sandbox, type SentEvent } from 'faststar/testing';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_same: Same<A, B>): void => {};

export async function shop(app: (request: Request) => Promise<Response>): Promise<number> {
  await using sandbox = await Sandbox.start({ timeout: 5000 });
  await using merchant: Merchant = await sandbox.merchant({ kind: 'mor' });
  // @ts-expect-error no such kind of merchant
  await sandbox.merchant({ kind: 'more' });
  const created = await merchant.client.checkout.sessions.create({ mode: 'setup', presentation: 'link' });
  const session = await merchant.complete(created, { card: 'declined' });
  same<typeof session, Session>(true);
  await merchant.expire(created.session.id);
  const now = await merchant.advance({ days: 1 });
  same<typeof now, Date>(true);

  const receiver = await merchant.webhooks();
  const event = await receiver.waitFor('payment.succeeded');
  same<typeof event.data.amount, number>(true);
  const other = await receiver.waitFor('an event of tomorrow');
  same<typeof other, WebhookEvent>(true);

  const sent: SentEvent[] = await merchant.deliver({ drop: 1 });
  // @ts-expect-error a misspelt fault
  await merchant.deliver({ corupt: 1 });
  const to = (body: Uint8Array, headers: Record<string, string>) =>
    app(new Request('http://shop.test/', { method: 'POST', headers, body }));
  await merchant.replay(to, { type: 'payment.succeeded' });
  await merchant.expectProcessedOnce(async () => 1, { to, atOnce: 8 });
  return sent.length;
}
