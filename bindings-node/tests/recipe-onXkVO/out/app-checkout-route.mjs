import { checkout } from 'faststar/next';
import { orders, pay } from './shop.mjs';
export const POST = checkout(async (request) => {
    const body = (await request.json());
    return pay(body?.order, new URL(request.url).origin);
}, { orders });
