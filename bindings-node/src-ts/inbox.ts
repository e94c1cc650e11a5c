/**
 * Handles each event once: an inbox keeps the events that came, and what became of them.
 *
 * The row of an event and what its handlers do are one transaction. First comes the insert: the primary
 * key makes another delivery of the same event wait for the end of this one. Where that is a commit, the
 * other one has nothing to do; where it is a rollback, the other one handles the event.
 *
 * @packageDocumentation
 */

export { replay, type Replayed, type ReplayFilter } from './handling.js';
export {
  type Delivery,
  GiveUp,
  type Inbox,
  InboxBusyError,
  type InboxEvent,
  type InboxFilter,
  type InboxState,
  type Outcome,
  type PruneOptions,
} from './inboxes/inbox.js';
export { memoryInbox } from './inboxes/memory.js';
export {
  type ClientOf,
  type PostgresClient,
  postgresInbox,
  type PostgresInboxOptions,
  type PostgresPool,
} from './inboxes/postgres.js';
export { INBOX_TABLE, SQLITE_INBOX_TABLE } from './inboxes/sql.js';
export { type SqliteDatabase, sqliteInbox } from './inboxes/sqlite.js';
export { transactionInbox, type Transactions } from './inboxes/transactions.js';
