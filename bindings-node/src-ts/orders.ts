/**
 * Keeps one open session for each order, in the shop's own database.
 *
 * @packageDocumentation
 */

export { type OpenedSession, openSession, type OpenSessionOptions } from './orders/open.js';
export {
  type Attempt,
  memoryOrders,
  type Orders,
  postgresOrders,
  type QueryablePool,
  type SessionState,
  type SqliteDatabase,
  sqliteOrders,
  sqlOrders,
} from './orders/stores.js';
export { ORDERS_TABLE, SQLITE_ORDERS_TABLE } from './orders/tables.js';
