/**
 * Test a shop against a sandbox: pay sessions, receive webhooks, let them go wrong.
 *
 * `npm install --save-dev faststar-sandbox` brings the sandbox. It serves Vitest, Jest, node:test and any
 * other runner:
 *
 * ```ts
 * const sandbox = await Sandbox.start(); // once, and sandbox.close() at the end
 *
 * test('an order is paid once', async () => {
 *   const merchant = await sandbox.merchant();
 *   await merchant.deliverTo(`${shop.url}/webhooks/faststar`);
 *   const order = await placeOrder();
 *   await merchant.complete(order.sessionId);
 *   await merchant.expectProcessedOnce(() => countOrders({ paid: true }));
 * });
 * ```
 *
 * @packageDocumentation
 */

export { sandboxBinary } from './binary.js';
export { SandboxError } from './control.js';
export {
  type AnySession,
  type CompleteOptions,
  type Count,
  type Duration,
  type Faults,
  Merchant,
  type ProcessedOnceOptions,
  type Receiver,
  type ReplayOptions,
} from './merchant.js';
export { ExpectationError } from './expectation.js';
export { type Attempt, type Delivery, SentEvent, type WebhookHeaders } from './records.js';
export { type MerchantOptions, Sandbox, type SandboxOptions } from './sandbox.js';
export { type ReceivedWebhook, type WaitOptions, WebhookReceiver } from './webhooks.js';
