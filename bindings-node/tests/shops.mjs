/** The same small shop in each framework, on a real socket. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';

import { serve as serveHono } from '@hono/node-server';
import express5 from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import { Hono } from 'hono';

import * as forExpress from 'faststar/express';
import * as forFastify from 'faststar/fastify';
import * as forHono from 'faststar/hono';
import * as forNext from 'faststar/next';

/** The path of the webhook route. */
export const WEBHOOK = '/webhooks/faststar';

async function listening(server) {
  if (!server.listening) await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections?.();
    },
  };
}

function onExpress(express) {
  return {
    /**
     * `eat` has something read the body before. `cart` gives the session's fields for a parsed body; it gets
     * what the framework gives besides.
     */
    async start({ webhook, cart, checkout, eat }) {
      const app = express();
      // Else it writes what it answers to the console.
      app.set('env', 'test');
      if (eat) app.use(express.json());
      app.post(WEBHOOK, forExpress.webhook(webhook));
      app.post('/checkout', express.json(), forExpress.checkout((request, response) => cart(request.body, request, response), checkout));
      return listening(app.listen(0, '127.0.0.1'));
    },
    advice: /put this route before app\.use\(express\.json\(\)\)/,
    redirect: (_request, response) => void response.redirect(303, '/login'),
  };
}

const fastify = {
  async start({ webhook, cart, checkout, eat }) {
    const app = Fastify();
    app.register(
      async (scope) => {
        if (eat) scope.addHook('onRequest', async ({ raw }) => void (await raw.toArray()));
        scope.register(forFastify.webhook(webhook));
      },
      { prefix: WEBHOOK },
    );
    app.post('/checkout', forFastify.checkout((request, reply) => cart(request.body, request, reply), checkout));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return listening(app.server);
  },
  advice: /let none read request\.raw/,
  redirect: (_request, reply) => void reply.redirect('/login', 303),
};

const hono = {
  async start({ webhook, cart, checkout, eat }) {
    const app = new Hono();
    if (eat) {
      app.use(async (c, next) => {
        await c.req.json();
        await next();
      });
    }
    app.post(WEBHOOK, forHono.webhook(webhook));
    app.post('/checkout', forHono.checkout(async (c) => cart(await c.req.json(), c), checkout));
    return listening(serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }));
  },
  advice: /let no middleware call its json\(\)/,
  redirect: (c) => c.redirect('/login', 303),
};

const next = {
  async start({ webhook, cart, checkout, eat }) {
    const routes = {
      [WEBHOOK]: forNext.webhook(webhook),
      '/checkout': forNext.checkout(async (request) => cart(await request.json(), request), checkout),
    };
    const server = createServer(async (incoming, response) => {
      const { method, url, headers } = incoming;
      const hasBody = method !== 'GET';
      const request = new Request(`http://shop.test${url}`, {
        method,
        headers: Object.entries(headers),
        ...(hasBody && { body: Readable.toWeb(incoming), duplex: 'half' }),
      });
      if (eat) await request.text();
      const answer = await routes[url](request);
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    });
    return listening(server.listen(0, '127.0.0.1'));
  },
  advice: /let no middleware call its json\(\)/,
  redirect: () => new Response(null, { status: 303, headers: { location: '/login' } }),
};

/** The frameworks by name. */
export const frameworks = {
  'express 5': onExpress(express5),
  'express 4': onExpress(express4),
  fastify,
  hono,
  next,
};
