/** Runs every file of tests/scenarios; tests/README.md has the rules. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';

import { FastStar, FastStarError, webhooks } from 'faststar';
import { compare, ROOT, Sandbox, serve } from './support.mjs';

const KINDS = {
  validation: 'ValidationError',
  authentication: 'AuthenticationError',
  not_found: 'NotFoundError',
  conflict: 'ConflictError',
  payment: 'PaymentError',
};
const PATIENCE = 20_000;

const folder = `${ROOT}/tests/scenarios`;
const scenarios = readdirSync(folder).flatMap(
  (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')).scenarios,
);
const optionNames = { idempotency_key: 'idempotencyKey' };

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

/** A merchant of its own, a listener for its webhooks, and what was saved on the way. */
class World {
  static async make(t, scenario) {
    const merchant = await sandbox.merchant(scenario.merchant);
    const world = new World();
    world.merchant = merchant;
    const { url, requests, server } = await serve(t, () => [200, {}, {}]);
    world.requests = requests;
    world.server = server;
    await sandbox.post(merchant.api_key, '/sandbox/v1/webhook_endpoints', { url: `${url}/hook` });
    const { api_key: key = merchant.api_key, merchant: kind } = scenario.client ?? {};
    world.client = new FastStar(key, { baseUrl: sandbox.url, merchant: kind });
    world.saved = {};
    return world;
  }

  fill(value) {
    if (Array.isArray(value)) return value.map((item) => this.fill(item));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.fill(item)]));
    }
    if (typeof value === 'string' && value.startsWith('$')) return this.saved[value.slice(1)];
    return value;
  }

  take(step) {
    const given = this.fill(step.with ?? {});
    if ('call' in step) return this.call(step.call, given, step.options ?? {});
    if ('sandbox' in step) return this.drive(step.sandbox, given);
    assert.equal(step.receive, 'webhook');
    return this.receive();
  }

  async call(name, given, options) {
    const [group, kind, verb] = name.split('.');
    const resource = this.client[group][kind];
    switch (verb) {
      case 'create': {
        const own = Object.entries(options).map(([key, value]) => [optionNames[key], value]);
        return resource.create(given, Object.fromEntries(own));
      }
      case 'retrieve':
        return resource.retrieve(given.id);
      case 'list':
        return resource.list(given);
      case 'list_all': {
        const items = [];
        for await (const item of resource.list(given)) items.push(item);
        return { items };
      }
      default:
        throw new Error(`no call ${name}`);
    }
  }

  drive(verb, { session, ...given }) {
    const path = verb === 'advance' ? 'clock/advance' : `sessions/${session}/${verb}`;
    return sandbox.post(this.merchant.api_key, `/sandbox/v1/${path}`, given);
  }

  async receive() {
    const signal = AbortSignal.timeout(PATIENCE);
    if (this.requests.length === 0) await once(this.server, 'arrived', { signal });
    const { headers, body } = this.requests.shift();
    return webhooks.verify(body, headers[webhooks.signatureHeader], this.merchant.webhook_secret, {
      eventId: headers[webhooks.idHeader],
    });
  }
}

const pick = (answer, path) => path.split('.').reduce((value, key) => value[key], answer);

async function refused(world, step, wanted) {
  const error = await world.take(step).then(
    (answer) => assert.fail(`not refused: ${inspect(answer)}`),
    (thrown) => thrown,
  );
  assert.equal(error.code, wanted.code, inspect(error));
  for (const key of ['param', 'status']) {
    if (key in wanted) assert.equal(error[key], wanted[key], inspect(error));
  }
  if (!('call' in step)) return;
  assert.ok(error instanceof FastStarError);
  if ('kind' in wanted) assert.equal(error.name, KINDS[wanted.kind]);
  if (wanted.sent === false) assert.deepEqual([error.status, error.requestId], [undefined, undefined]);
}

for (const scenario of scenarios) {
  test(scenario.id, async (t) => {
    for (const key of Object.keys(scenario)) {
      assert.ok(['id', 'merchant', 'client', 'steps', 'why'].includes(key), key);
    }
    const world = await World.make(t, scenario);
    for (const [number, step] of scenario.steps.entries()) {
      assert.ok('ok' in step !== 'error' in step, `step ${number}`);
      if ('error' in step) {
        await refused(world, step, step.error);
        continue;
      }
      const answer = await world.take(step);
      compare(world.fill(step.ok), answer, `step ${number}`);
      for (const [name, path] of Object.entries(step.save ?? {})) world.saved[name] = pick(answer, path);
    }
    assert.equal(world.requests.length, 0, 'a webhook that no step received');
  });
}

test('there are scenarios, each with a name of its own', () => {
  assert.ok(scenarios.length >= 15);
  assert.equal(new Set(scenarios.map(({ id }) => id)).size, scenarios.length);
});
