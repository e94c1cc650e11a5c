/** An inbox in memory. */

import {
  type Delivery,
  type Inbox,
  type InboxEvent,
  type InboxFilter,
  type InboxState,
  oldest,
  type Outcome,
  runs,
  stateOf,
  statesOf,
} from './inbox.js';

/**
 * Makes an inbox in memory, for tests: a restart forgets it, and nothing is rolled back.
 *
 * @param tx - What handlers get.
 */
export function memoryInbox(): Inbox<undefined>;
export function memoryInbox<Tx>(tx: Tx): Inbox<Tx>;
export function memoryInbox(tx?: unknown): Inbox<unknown> {
  type Row = InboxEvent & { readonly body: string };
  const rows = new Map<string, Row>();
  const atWork = new Map<string, Promise<Outcome>>();

  const keep = ({ event, body }: Delivery, state: InboxState, note = ''): void => {
    const { attempts = 0, receivedAt = new Date() } = rows.get(event.id) ?? {};
    rows.set(event.id, { id: event.id, type: event.type, state, note, attempts: attempts + 1, receivedAt, body });
  };

  const attempt = async (delivery: Delivery, work: ((tx: unknown) => unknown) | undefined): Promise<Outcome> => {
    const row = rows.get(delivery.event.id);
    if (row !== undefined && !runs(row, delivery, work !== undefined)) return 'duplicate';
    const state = work === undefined ? 'unhandled' : 'processed';
    try {
      await work?.(tx);
    } catch (error) {
      const failure = stateOf(error);
      if (row?.state !== 'processed') keep(delivery, failure.state, failure.note);
      throw error;
    }
    keep(delivery, state);
    return state;
  };

  const select = ({ id, type, state, since }: InboxFilter, before?: Date): Row[] => {
    const states = statesOf(state);
    return [...rows.values()].filter(
      (row) =>
        (id === undefined || row.id === id) &&
        (type === undefined || row.type === type) &&
        (states.length === 0 || states.includes(row.state)) &&
        (since === undefined || row.receivedAt >= since) &&
        (before === undefined || row.receivedAt < before),
    ).sort((a, b) => Number(a.receivedAt) - Number(b.receivedAt));
  };

  return {
    async once(delivery, work) {
      const { id } = delivery.event;
      for (let other = atWork.get(id); other !== undefined; other = atWork.get(id)) {
        await other.catch(() => {});
      }
      // A step later, so that it is known before it can end.
      const running = Promise.resolve()
        .then(() => attempt(delivery, work))
        .finally(() => atWork.delete(id));
      atWork.set(id, running);
      return running;
    },
    async list(filter = {}) {
      return select(filter).slice(0, filter.limit ?? 1000).map(({ body: _, ...row }) => row);
    },
    async find(id) {
      return rows.get(id);
    },
    async prune(options = {}) {
      const old = select({ state: options.state ?? 'processed' }, oldest(options));
      for (const { id } of old) rows.delete(id);
      return old.length;
    },
  };
}
