/** How users write it, and what the compiler refuses. It is checked and not run. */

import {
  APIConnectionError,
  CreatedSession,
  type CreateSessionParams,
  FastStar,
  FastStarError,
  type KnownEvent,
  List,
  type Page,
  type PaymentSucceededEvent,
  type PriceItemParams,
  Product,
  Session,
  type SessionStatus,
  ValidationError,
  WebhookEvent,
  checkPayment,
  formatMoney,
  type PaymentCheck,
  quote,
  webhooks,
} from 'faststar';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_same: Same<A, B>): void => {};

const faststar = new FastStar('fs_test_1', { timeout: 2500, maxRetries: 1, merchant: 'mor' });
const { sessions } = faststar.checkout;

export async function documented(order: string): Promise<string> {
  const created = await sessions.create(
    {
      mode: 'payment',
      presentation: 'iframe',
      line_items: [{ price_id: 'price_xxx', quantity: 1 }],
      customer_email: 'buyer@example.com',
      success_url: 'https://yoursite.com/success',
      cancel_url: undefined,
      buyer_country: 'US',
      client_reference_id: order,
    },
    { idempotencyKey: order, signal: AbortSignal.timeout(5000) },
  );
  same<typeof created.session.amount_total, number>(true);
  same<typeof created.requestId, string | undefined>(true);
  const status: SessionStatus = created.session.status;
  if (status === 'complete') return created.session.currency;
  // @ts-expect-error a misspelt status
  if (status === 'completed') return created.session.currency;
  // @ts-expect-error a misspelt payment status
  if (created.session.payment_status === 'payed') return created.session.currency;
  // @ts-expect-error a misspelt mode
  if (created.session.mode === 'subcription') return created.session.currency;
  // @ts-expect-error a misspelt presentation
  if (created.session.presentation !== 'ifram') return created.session.currency;
  // A status of tomorrow is read as any text is.
  const text: string = status;
  if (text === 'a status of tomorrow') return text;
  // @ts-expect-error a result does not change
  created.session.amount_total = 1;
  return created.url;
}

export async function settles(event: PaymentSucceededEvent, row?: { amount: bigint; currency: string; id: Date }): Promise<string> {
  const check = await sessions.checkPayment(event, row, { timeout: 5000 });
  same<typeof check, PaymentCheck>(true);
  // @ts-expect-error a misspelt verdict
  if (check.verdict === 'underpayed') return '';
  // @ts-expect-error an amount is no text
  checkPayment(event, { amount: '9.99', currency: 'USD' });
  return check.isPaid ? 'fulfil' : check.message;
}

export async function modes(items: PriceItemParams[], mode: string): Promise<void> {
  await sessions.create({ mode: 'payment', presentation: 'link', line_items: [{ product_id: 'prod_1' }] });
  await sessions.create({ mode: 'payment', presentation: 'link', line_items: [{ ad_hoc_amount: 999n }] });
  await sessions.create({ mode: 'subscription', presentation: 'iframe', line_items: items });
  await sessions.create({ mode: 'subscription', presentation: 'iframe', line_items: [{ price_id: 'price_1' }] });
  await sessions.create({ mode: 'setup', presentation: 'iframe' });
  // @ts-expect-error a misspelt mode
  await sessions.create({ mode: 'paymnt', presentation: 'iframe', line_items: items });
  // @ts-expect-error a misspelt presentation
  await sessions.create({ mode: 'setup', presentation: 'ifram' });
  // @ts-expect-error any string may be misspelt
  await sessions.create({ mode, presentation: 'iframe' });
  // A mode of tomorrow is written on purpose.
  await sessions.create({ mode: 'a mode of tomorrow' as 'setup', presentation: 'iframe' });
  // @ts-expect-error a subscription's item names a price, and not a product
  await sessions.create({ mode: 'subscription', presentation: 'iframe', line_items: [{ product_id: 'prod_1' }] });
  // @ts-expect-error nor an ad hoc amount
  await sessions.create({ mode: 'subscription', presentation: 'iframe', line_items: [{ ad_hoc_amount: 999 }] });
  // @ts-expect-error nor one beside a price
  await sessions.create({ mode: 'subscription', presentation: 'iframe', line_items: [{ price_id: 'p', ad_hoc_amount: 9 }] });
  // @ts-expect-error a subscription has items
  await sessions.create({ mode: 'subscription', presentation: 'iframe' });
  // @ts-expect-error and so has a payment
  await sessions.create({ mode: 'payment', presentation: 'iframe' });
  // @ts-expect-error an item names what it sells
  await sessions.create({ mode: 'payment', presentation: 'iframe', line_items: [{ quantity: 1 }] });
  // @ts-expect-error an amount is no text
  await sessions.create({ mode: 'payment', presentation: 'iframe', line_items: [{ ad_hoc_amount: '9.99' }] });
  // @ts-expect-error a misspelt field
  await sessions.create({ mode: 'setup', presentation: 'iframe', sucess_url: 'https://yoursite.com' });
  // @ts-expect-error the wire's name is no option's
  await sessions.create({ mode: 'setup', presentation: 'iframe' }, { idempotency_key: 'a' });
  // @ts-expect-error what creates nothing takes no key
  await sessions.retrieve('cs_1', { idempotencyKey: 'a' });
}

export async function ids(stored: string, product: Product, session: Session): Promise<void> {
  await sessions.retrieve('cs_1');
  await sessions.retrieve(stored);
  await sessions.retrieve(session.id);
  await sessions.retrieve(`cs_${stored}`);
  // @ts-expect-error the id of a product
  await sessions.retrieve('prod_1');
  // @ts-expect-error the same of a result
  await sessions.retrieve(product.id);
}

export const kept: CreateSessionParams = { mode: 'setup', presentation: 'link' };
// @ts-expect-error the same in a variable
export const wrong: CreateSessionParams = { mode: 'subscription', presentation: 'link', line_items: [{ product_id: 'p' }] };

export async function catalog(): Promise<void> {
  const { products, prices } = faststar.catalog;
  const product = await products.create({ name: 'Tea', metadata: { shelf: '3' } });
  await prices.create({ product_id: product.id, currency: 'USD', unit_amount: 999 });
  await prices.create({ product_id: product.id, currency: 'USD', unit_amount: 1, type: 'recurring', recurring_interval: 'month' });
  // @ts-expect-error a recurring price has an interval
  await prices.create({ product_id: product.id, currency: 'USD', unit_amount: 1, type: 'recurring' });
  // @ts-expect-error a misspelt interval
  await prices.create({ product_id: product.id, currency: 'USD', unit_amount: 1, type: 'recurring', recurring_interval: 'monthly' });
  // @ts-expect-error a misspelt type
  await prices.create({ product_id: product.id, currency: 'USD', unit_amount: 1, type: 'onetime' });
  const price = await prices.create({ product_id: product.id, currency: 'USD', unit_amount: 1 });
  // @ts-expect-error a misspelt type in what comes back
  if (price.type === 'onetime') console.log(price.id);
  // @ts-expect-error a misspelt interval in what comes back
  if (price.recurring_interval === 'monthly') console.log(price.id);
  const list = products.list({ limit: 100 });
  same<typeof list, List<Product>>(true);
  for await (const each of list) same<typeof each, Product>(true);
  const page = await list;
  same<typeof page, Page<Product>>(true);
  const next = await page.nextPage();
  if (next !== null) console.log(next.items[0]?.name, next.next_cursor);
}

export function onWebhook(body: Buffer, headers: NodeJS.Dict<string | string[]>): number {
  const event = webhooks.verify(body, headers[webhooks.signatureHeader], ['whsec_new', 'whsec_old']);
  switch (event.type) {
    case 'payment.succeeded':
      same<typeof event.data.amount, number>(true);
      same<typeof event.data.client_reference_id, string | null | undefined>(true);
      return event.data.amount;
    case 'invoice.paid':
      // @ts-expect-error what an invoice's data has is not documented
      return event.data.amount;
    default: {
      // A type of tomorrow.
      const type: string = event.type;
      console.log(type, event.data);
      return 0;
    }
  }
}

export function isOfTomorrow(body: string, header: string): boolean {
  const event = webhooks.verify(body, header, 'whsec_1');
  same<Exclude<KnownEvent['type'], string>, never>(true);
  const type: string = event.type;
  // @ts-expect-error a type that this version does not know, or a misspelt one
  return event.type === 'payment.succeded' || type === 'payout.sent';
}

export function offline(): string {
  const { total, currency, rates_as_of } = quote({
    currency: 'EUR',
    lines: [{ unit_amount: 4900, quantity: 1 }],
    country: 'DE',
  });
  same<typeof rates_as_of, string | null>(true);
  return formatMoney(total, currency);
}

export async function errors(): Promise<string | undefined> {
  try {
    await sessions.retrieve('cs_1');
  } catch (error) {
    if (error instanceof ValidationError) return error.param;
    if (error instanceof FastStarError) return `${error.code} ${error.status} ${error.retryable}`;
    throw error;
  }
  return undefined;
}

export function kinds(error: FastStarError): string {
  // The classes are kept apart, so that what is left after one is not nothing.
  if (error instanceof ValidationError) return 'input';
  if (error instanceof APIConnectionError) return error.name;
  same<typeof error.name, string>(true);
  return error.code;
}

// @ts-expect-error a misspelt kind of merchant
export const misspelt = new FastStar('fs_test_1', { merchant: 'MoR' });

export function ofPlainObjects(): void {
  const session = Session.from({ id: 'cs_1', status: 'complete', payment_status: 'paid', amount_total: 1079 });
  same<typeof session, Session>(true);
  const created = CreatedSession.from({ session: { id: 'cs_1', status: 'open' }, url: 'https://cashier.faststarpay.com/checkout/cs_1' });
  same<typeof created, CreatedSession>(true);
  const event = WebhookEvent.from({
    id: 'evt_1',
    type: 'payment.succeeded',
    data: { payment_id: 'pi_1', amount: 1079, currency: 'USD', status: 'succeeded' },
  });
  same<typeof event.data.amount, number>(true);
  same<typeof event extends WebhookEvent ? true : false, true>(true);
  const products = List.from([Product.from({ id: 'prod_1', name: 'Tea' })]);
  same<typeof products, List<Product>>(true);
  // @ts-expect-error a misspelt status
  Session.from({ id: 'cs_1', status: 'completed' });
  // @ts-expect-error a misspelt field
  Session.from({ id: 'cs_1', status: 'complete', payment_state: 'paid' });
  // @ts-expect-error a session has a status
  Session.from({ id: 'cs_1' });
  // @ts-expect-error a misspelt type
  WebhookEvent.from({ id: 'evt_1', type: 'payment.succeded', data: {} });
  // @ts-expect-error a payment has an amount
  WebhookEvent.from({ id: 'evt_1', type: 'payment.succeeded', data: { payment_id: 'pi_1' } });
}

export function bytes(body: Uint8Array, header: Uint8Array, secret: string | undefined): void {
  // An unset variable is told when it runs, by a ConfigurationError.
  webhooks.verify(body, header, secret);
  webhooks.verify(body, [header], [new Uint8Array(), 'whsec_old']);
  // @ts-expect-error a secret is no number
  webhooks.verify(body, header, 1);
}

export const watched = new FastStar(undefined, {
  hooks: {
    onRequest: ({ operation }) => console.log(operation),
    onResponse: ({ request, status, duration }) => console.log(request.operation, status, duration),
  },
});
