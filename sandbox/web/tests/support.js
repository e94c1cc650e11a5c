// A sandbox, a browser, small shops on other ports, and what a page is checked for.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const program = process.env.FASTSTAR_BINARY ?? `${process.env.CARGO_TARGET_DIR ?? `${root}target`}/debug/faststar`;
const artifacts = `${root}artifacts/browser`;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const PHONES = { phone320: { width: 320, height: 640 }, phone390: { width: 390, height: 844 } };
export const SIZES = { ...PHONES, tablet: { width: 768, height: 1024 }, desktop: { width: 1280, height: 860 } };

export const CARD = {
  pays: "4242 4242 4242 4242",
  declined: "4000 0000 0000 0002",
  asks: "4000 0025 0000 3155",
};

/** Starts a sandbox. `call` asks it as the merchant, or with another key; `api` wants a success. */
export async function startSandbox(...options) {
  const port = options.includes("--port") ? [] : ["--port", "0"];
  const child = spawn(program, ["sandbox", "--json", "--until-stdin-closes", ...port, ...options], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const [line] = await once(createInterface(child.stdout), "line");
  const ready = JSON.parse(line);
  const call = async (path, body, key = ready.api_key) => {
    const response = await fetch(ready.url + path, {
      method: body ? "POST" : "GET",
      headers: { "X-API-Key": key, "Content-Type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  const api = async (path, body) => {
    const answer = await call(path, body);
    if (!answer.success) throw new Error(`${path}: ${answer.message} ${JSON.stringify(answer.error)}`);
    return answer.data;
  };
  const stop = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  };
  return { ...ready, call, api, stop };
}

/** Takes webhooks and answers the first ones as told, the others with 200. */
export async function startReceiver(...answers) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(answers.shift() ?? 200).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // Does not keep the test's process alive.
  server.unref();
  return `http://127.0.0.1:${server.address().port}/webhooks`;
}

function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Other sites, on this machine.
      "--host-resolver-rules=MAP *.example 127.0.0.1",
    ],
  });
}

/** Starts a sandbox and a browser for a test file, and ends them after it. */
export function setUp(options = async () => []) {
  const world = {};
  before(async () => {
    mkdirSync(artifacts, { recursive: true });
    Object.assign(world, await startSandbox(...(await options())));
    world.browser = await startBrowser();
  });
  after(async () => {
    await world.browser?.close();
    await world.stop?.();
  });

  /** Creates a session: a shirt and two mugs, for a redirect unless told otherwise. */
  world.session = (changes = {}) =>
    world.api("/api/v1/public/checkout/sessions", {
      mode: "payment",
      presentation: "link",
      line_items: [
        { ad_hoc_amount: 2900, ad_hoc_currency: "EUR", quantity: 1, description: "Linen shirt, blue" },
        { ad_hoc_amount: 1200, ad_hoc_currency: "EUR", quantity: 2, description: "Stoneware mug" },
      ],
      customer_email: "ada@example.com",
      buyer_country: "DE",
      ...changes,
    });
  world.retrieve = (id) => world.api(`/api/v1/public/checkout/sessions/${id}`);

  /** Opens a page of its own context. What it logs as an error is in `page.errors`. */
  world.page = async (t, options = {}) => {
    const context = await world.browser.newContext({ viewport: SIZES.desktop, locale: "en-GB", ...options });
    t.after(() => context.close());
    const page = await context.newPage();
    watch(page);
    return page;
  };

  /** Serves pages on a port of their own, and gives its origin. */
  world.serve = async (t, pages) => {
    const server = createServer((request, response) => {
      const path = new URL(request.url, "http://x").pathname;
      const page = pages[path];
      if (page === undefined) return void response.writeHead(404).end();
      const { status = 200, headers = {}, body } = typeof page === "function" ? page(request) : { body: page };
      Promise.resolve(body).then((body) => {
        response.writeHead(status, { "Content-Type": "text/html; charset=utf-8", ...headers }).end(body);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${server.address().port}`;
  };

  /** A shop on another port, with a strict policy of its own and FastStar.js by its hash. */
  world.shop = async (t) => {
    const sdk = `${world.url}/sdk/v1/faststar.min.js`;
    const hash = createHash("sha384").update(Buffer.from(await (await fetch(sdk)).arrayBuffer()));
    const policy = `default-src 'none'; script-src ${world.url}; frame-src ${world.url}; style-src 'none'; base-uri 'none'`;
    const body = `<!doctype html><html lang="en"><title>Shop</title>
      <script src="${sdk}" integrity="sha384-${hash.digest("base64")}" crossorigin="anonymous"></script>
      <main><h1>A shop</h1><button id="buy">Buy</button><p id="tall">Below</p></main>`;
    const shop = { headers: { "Content-Security-Policy": policy }, body };
    const origin = await world.serve(t, { "/": () => shop, "/thanks": () => shop, "/cart": () => shop });
    return { origin, sdk };
  };
  return world;
}

function watch(page) {
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.errors.push(message.text());
  });
}

/** Keeps a picture of what a page looks like. */
export const picture = (page, name, options) => page.screenshot({ path: `${artifacts}/${name}.png`, ...options });

/** Checks that a document needs no scrolling from the side. */
export async function checkWidth(frame, name) {
  const overflow = await frame.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
}

/** Checks that axe finds nothing serious. The debugger evaluates it, whom no policy binds. */
export async function checkAccess(frame, name) {
  await frame.evaluate(axe);
  const violations = await frame.evaluate(async () => {
    const { violations } = await window.axe.run(document, { iframes: false, resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]);
  });
  assert.deepEqual(violations, [], name);
}

/** Fills in a card as a buyer would type it. */
export async function fill(page, number) {
  await page.getByLabel(/Card number|卡号/).fill(number);
  await page.getByLabel(/Expiry|有效期/).fill("12 / 40");
  await page.getByLabel(/Security code|安全码/).fill("123");
}

/** Opens a session in the overlay of a shop on another port. */
export async function openOverlay(world, t, changes = {}, options = {}) {
  const shop = await world.shop(t);
  const urls = { success_url: `${shop.origin}/thanks`, cancel_url: `${shop.origin}/cart` };
  const created = await world.session({ presentation: "iframe", ...urls, ...changes });
  const page = await world.page(t, options);
  await page.goto(shop.origin);
  await page.evaluate((url) => void (window.result = FastStar.checkout.open({ url })), created.url);
  const frame = page.frameLocator("iframe");
  await frame.locator("main:not(.loading) > *").first().waitFor();
  return { ...created, shop, page, frame };
}
