/** The same from CommonJS. */

import faststar = require('faststar');
import forExpress = require('faststar/express');
import forFastify = require('faststar/fastify');
import forFetch = require('faststar/fetch');
import forHono = require('faststar/hono');
import forNext = require('faststar/next');
import inboxes = require('faststar/inbox');

export const client: faststar.FastStar = new faststar.FastStar('fs_test_1');
export const session: Promise<faststar.Session> = client.checkout.sessions.retrieve('cs_1');

const options: forFetch.WebhookOptions<undefined> = { inbox: inboxes.memoryInbox(), on: {} };
export const hooks = [forExpress, forFastify, forFetch, forHono, forNext].map(({ webhook }) => webhook(options));
