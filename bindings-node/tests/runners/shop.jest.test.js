// As a user of Jest writes it.

const { FastStar, FastStarError, Session, webhooks } = require('faststar');
const { Sandbox, SandboxError } = require('faststar/testing');

let sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterAll(() => sandbox.close());

test('an order is paid once', async () => {
  const merchant = await sandbox.merchant();
  Object.assign(process.env, merchant.env);
  // Neither stands in the way of the verbs.
  globalThis.fetch = jest.fn();
  jest.useFakeTimers();

  const created = await new FastStar().checkout.sessions.create({
    mode: 'payment',
    presentation: 'iframe',
    line_items: [{ ad_hoc_amount: 999, ad_hoc_currency: 'USD', quantity: 1 }],
    client_reference_id: 'order_1',
  });
  expect(await merchant.complete(created)).toMatchObject({ status: 'complete', amount_total: 999 });
  const event = await (await merchant.webhooks()).waitFor('payment.succeeded');
  expect(event.data.client_reference_id).toBe('order_1');

  const paid = new Set();
  const receive = (body, headers) => {
    paid.add(webhooks.verify(body, headers[webhooks.signatureHeader], merchant.webhookSecret).id);
    return 200;
  };
  await merchant.expectProcessedOnce(() => paid.size, { to: receive });
  const again = merchant.complete(created);
  await expect(again).rejects.toThrow(SandboxError);
  await expect(again).rejects.toThrow(FastStarError);
  await expect(merchant.complete(created)).rejects.toMatchObject({ code: 'session_already_completed' });
});

test('what was expected and did not happen reads well', async () => {
  const merchant = await sandbox.merchant();
  await expect(merchant.expectProcessedOnce(() => 0)).rejects.toThrow('complete a session first');
});

test('an order page is tested without a sandbox', async () => {
  const faststar = new FastStar('fs_test_1');
  const session = Session.from({ id: 'cs_1', status: 'complete', amount_total: 999 });
  jest.spyOn(faststar.checkout.sessions, 'retrieve').mockResolvedValue(session);
  expect(await faststar.checkout.sessions.retrieve('cs_1')).toBe(session);
  expect(session).toMatchObject({ status: 'complete', amount_total: 999 });
  expect(session).toStrictEqual(Session.from({ ...session }));
});
