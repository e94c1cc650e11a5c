// As a user of Vitest writes it.

import { CreatedSession, FastStar, type Session, webhooks } from 'faststar';
import { Sandbox, SandboxError } from 'faststar/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterAll(() => sandbox.close());

test('an order is paid once', async () => {
  const merchant = await sandbox.merchant();
  for (const [name, value] of Object.entries(merchant.env)) vi.stubEnv(name, value);
  // Neither stands in the way of the verbs.
  vi.stubGlobal('fetch', vi.fn());
  vi.useFakeTimers();

  const { FastStar } = await import('faststar');
  const created = await new FastStar().checkout.sessions.create({
    mode: 'payment',
    presentation: 'iframe',
    line_items: [{ ad_hoc_amount: 999, ad_hoc_currency: 'USD', quantity: 1 }],
    client_reference_id: 'order_1',
  });
  expect(await merchant.complete(created)).toMatchObject({ status: 'complete', amount_total: 999 });
  const event = await (await merchant.webhooks()).waitFor('payment.succeeded');
  expect(event.data.client_reference_id).toBe('order_1');

  const paid = new Set<string>();
  const receive = (body: Uint8Array, headers: Record<string, string>) => {
    paid.add(webhooks.verify(body, headers[webhooks.signatureHeader], merchant.webhookSecret).id);
    return 200;
  };
  await merchant.expectProcessedOnce(() => paid.size, { to: receive });
  await expect(merchant.complete(created)).rejects.toThrow(SandboxError);
  vi.useRealTimers();
});

test('an order page is tested without a sandbox', async () => {
  const faststar = new FastStar('fs_test_1');
  const created = CreatedSession.from({ session: { id: 'cs_1', status: 'open' }, url: 'https://cashier.faststarpay.com/checkout/cs_1' });
  const create = vi.spyOn(faststar.checkout.sessions, 'create').mockResolvedValue(created);
  const pay = (order: string): Promise<CreatedSession> =>
    faststar.checkout.sessions.create({ mode: 'setup', presentation: 'link', client_reference_id: order });
  expect((await pay('order_1')).url).toBe(created.url);
  expect(create.mock.calls[0]?.[0]).toMatchObject({ client_reference_id: 'order_1' });
  expect(created).toEqual({ session: created.session });
  expect(created.session satisfies Session).toMatchObject({ id: 'cs_1', status: 'open' });
});
