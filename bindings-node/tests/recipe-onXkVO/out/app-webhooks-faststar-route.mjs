import { webhook } from 'faststar/next';
import { events } from './shop.mjs';
export const POST = webhook(events);
