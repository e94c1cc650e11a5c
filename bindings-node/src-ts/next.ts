/**
 * Next's route handlers, on Node: `export const POST = webhook(…)`.
 *
 * @packageDocumentation
 */

export * from './fetch.js';
