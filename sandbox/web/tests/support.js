// A sandbox, a browser and small shops on other ports.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const program = process.env.FASTSTAR_BINARY ?? `${root}target/debug/faststar`;
export const artifacts = `${root}artifacts/browser`;

export const PHONES = { phone320: { width: 320, height: 640 }, phone390: { width: 390, height: 844 } };
export const SIZES = { ...PHONES, desktop: { width: 1280, height: 860 } };

export const CARD = {
  pays: "4242 4242 4242 4242",
  declined: "4000 0000 0000 0002",
  asks: "4000 0025 0000 3155",
};

/** Starts a sandbox and a browser for a test file, and ends them after it. */
export function setUp() {
  const world = {};
  const ends = [];
  before(async () => {
    mkdirSync(artifacts, { recursive: true });
    const child = spawn(program, ["sandbox", "--port", "0", "--json", "--until-stdin-closes"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    ends.push(async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    });
    const [line] = await once(createInterface(child.stdout), "line");
    Object.assign(world, JSON.parse(line));
    world.browser = await chromium.launch({
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
    ends.push(() => world.browser.close());
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Calls the sandbox's API as the merchant. */
  world.api = async (path, body) => {
    const response = await fetch(world.url + path, {
      method: body ? "POST" : "GET",
      headers: { "X-API-Key": world.api_key, "Content-Type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!answer.success) throw new Error(`${path}: ${answer.message} ${JSON.stringify(answer.error)}`);
    return answer.data;
  };

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
  return world;
}

function watch(page) {
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.errors.push(message.text());
  });
}
