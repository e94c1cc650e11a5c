// The console in a real browser.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { checkAccess, checkWidth, picture, setUp, startReceiver, startSandbox } from "./support.js";

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1440, height: 900 };
const HOSTILE = "<img src=x onerror=\"document.title='pwned'\">";

const sandbox = setUp(async () => ["--webhook", await startReceiver(200, 200, 500)]);
const errors = [];

/** Opens the console in a browser of its own. */
async function open({ viewport = DESK, colorScheme = "light", link = sandbox.console_url } = {}) {
  const context = await sandbox.browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(link);
  return page;
}

async function create(more = {}) {
  const made = await sandbox.call("/api/v1/public/checkout/sessions", {
    mode: "payment",
    presentation: "iframe",
    line_items: [{ ad_hoc_amount: 4900, ad_hoc_currency: "EUR", quantity: 1, description: "Star chart" }],
    buyer_country: "DE",
    ...more,
  });
  return made.data.session.id;
}

const pay = (id, body) => sandbox.call(`/sandbox/v1/sessions/${id}/complete`, body);

async function check(page, name) {
  await picture(page, `console-${name}`);
  await checkWidth(page, name);
  await checkAccess(page, name);
}

test("a story of sessions, told in every view, width and colour", async () => {
  const paid = await create({ client_reference_id: "order_10042", customer_email: "ada@example.com" });
  await sandbox.call("/sandbox/v1/clock/advance", { by: "2m" });
  await pay(paid, { card: "declined" });
  await pay(paid, { card: "authentication" });
  await sandbox.call("/sandbox/v1/clock/advance", { by: "1m" });
  await pay(paid, { card: "authentication", authentication: "approved" });
  const open1 = await create({ client_reference_id: "order_10043", buyer_country: "US" });
  const expired = await create({ client_reference_id: "order_10044" });
  await sandbox.call(`/sandbox/v1/sessions/${expired}/expire`, {});
  await create({ client_reference_id: HOSTILE });
  await sandbox.call("/api/v1/public/checkout/sessions", { mode: "payment", presentaton: "iframe" });
  await sandbox.call("/sandbox/v1/deliver", {});
  for (const [viewport, colorScheme] of [[DESK, "light"], [DESK, "dark"], [PHONE, "light"], [PHONE, "dark"]]) {
    const page = await open({ viewport, colorScheme });
    const tag = `${viewport.width}-${colorScheme}`;
    await page.locator(`#row-${paid}`).waitFor();
    await check(page, `sessions-${tag}`);
    await page.locator(`#row-${paid}`).click();
    await page.locator(".timeline .completed").waitFor();
    const words = await page.locator(".timeline > li .strong, .timeline .event-name").allTextContents();
    assert.deepEqual(words, [
      "Created", "Card declined", "payment.failed", "The bank asked for authentication", "Completed",
      "payment.succeeded",
    ]);
    await check(page, `session-${tag}`);
    await page.goto(`${sandbox.url}/#/sessions/${open1}`);
    await page.locator("#complete").waitFor();
    await check(page, `session-open-${tag}`);
    await page.goto(`${sandbox.url}/#/events`);
    await page.locator(".card summary").first().click();
    await page.locator(".signatures code").first().waitFor();
    await check(page, `events-${tag}`);
    await page.goto(`${sandbox.url}/#/requests`);
    await page.locator(".rows a", { hasText: "unknown_field" }).first().click();
    await page.locator(".detail .json").first().waitFor();
    await check(page, `request-${tag}`);
    await page.goto(`${sandbox.url}/#/setup`);
    await page.locator("#make-key").waitFor();
    await check(page, `setup-${tag}`);
    assert.notEqual(await page.title(), "pwned");
    await page.context().close();
  }
  const wide = await open({ viewport: { width: 1920, height: 1080 } });
  await wide.locator(`#row-${paid}`).click();
  await wide.locator(".timeline .completed").waitFor();
  await check(wide, "session-1920-light");
  await wide.context().close();
});

test("an amount of 64 bits has all of its digits", async () => {
  const huge = { ad_hoc_amount: "BIG", ad_hoc_currency: "EUR", quantity: 1 };
  const body = JSON.stringify({ mode: "payment", presentation: "link", line_items: [huge], buyer_country: "DE" });
  const answer = await fetch(`${sandbox.url}/api/v1/public/checkout/sessions`, {
    method: "POST",
    headers: { "X-API-Key": sandbox.api_key, "Content-Type": "application/json" },
    body: body.replace('"BIG"', "9007199254740993"),
  });
  const { id } = (await answer.json()).data.session;
  const page = await open();
  await page.locator(`#row-${id}`, { hasText: "90,071,992,547,409.93 EUR" }).waitFor();
  await page.locator(`#row-${id}`).click();
  await page.locator(".detail .total", { hasText: "90,071,992,547,409.93 EUR" }).waitFor();
  await page.context().close();
});

test("a merchant without anything is told what will be where", async () => {
  const made = await sandbox.call("/sandbox/v1/merchants", {});
  for (const width of [320, 768, 1440]) {
    const page = await open({ viewport: { width, height: 800 } });
    await page.locator("#merchant").selectOption(made.data.merchant_id);
    for (const [view, told] of [["sessions", "No session yet"], ["events", "No event yet"], ["setup", "so nobody is told of a payment"]]) {
      await page.goto(`${sandbox.url}/#/${view}`);
      await page.getByText(told).first().waitFor();
      await check(page, `empty-${view}-${width}`);
    }
    await page.goto(`${sandbox.url}/shop`);
    await page.locator("#overlay-mug").waitFor();
    await check(page, `empty-shop-${width}`);
    await page.context().close();
  }
});

test("without the link there is nothing to see", async () => {
  for (const link of [`${sandbox.url}/`, `${sandbox.url}/#token=${"0".repeat(40)}`]) {
    const page = await open({ link });
    await page.getByText("This console is for whoever started the sandbox").waitFor();
    await check(page, "door");
    await page.context().close();
  }
  errors.splice(0, errors.length, ...errors.filter((error) => !error.includes("401")));
});

test("the token leaves the address, and stays with a second tab", async () => {
  const page = await open();
  await page.locator("nav").waitFor();
  assert.ok(!page.url().includes("token"));
  const second = await page.context().newPage();
  await second.goto(sandbox.url);
  await second.locator("nav a").first().waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await page.context().close();
});

test("an endpoint that answered 410 is shown as disabled, and enabled with one click", async () => {
  const url = await startReceiver(410, 200);
  const { data: endpoint } = await sandbox.call("/sandbox/v1/webhook_endpoints", { url });
  await pay(await create(), {});
  const page = await open();
  await page.goto(`${sandbox.url}/#/setup`);
  const row = page.locator(".plain-list li", { hasText: url });
  await row.getByText("answered 410").waitFor();
  await checkAccess(page, "disabled endpoint");
  await page.getByRole("button", { name: `Enable ${url}` }).click();
  await page.getByText("Endpoint enabled").waitFor();
  await row.getByText("answered 410").waitFor({ state: "detached" });
  await page.context().close();
  const path = `${sandbox.url}/sandbox/v1/webhook_endpoints/${endpoint.id}`;
  await fetch(path, { method: "DELETE", headers: { "X-API-Key": sandbox.api_key } });
});

test("what happens elsewhere shows by itself, and typing goes on", async () => {
  const page = await open();
  await page.locator(".live[data-state=live]").waitFor();
  const id = await create({ client_reference_id: "seen_live" });
  await page.locator(`#row-${id}`).waitFor();
  await page.goto(`${sandbox.url}/#/setup`);
  await page.locator("#endpoint-url").pressSequentially("http://127.0.0.1:9");
  await pay(id, {});
  const keys = page.locator(".plain-list li", { hasText: "fs_test_••••" });
  const before = await keys.count();
  await sandbox.call("/sandbox/v1/clock/advance", { by: "3d" });
  await page.getByText("3 d", { exact: false }).first().waitFor();
  assert.equal(await page.locator("#endpoint-url").inputValue(), "http://127.0.0.1:9");
  assert.equal(await page.evaluate(() => document.activeElement.id), "endpoint-url");
  assert.equal(await keys.count(), before);
  await page.context().close();
});

test("the buttons do what they say", async () => {
  const id = await create({ client_reference_id: "pressed" });
  const page = await open({ link: `${sandbox.console_url}` });
  await page.locator(`#row-${id}`).click();
  await page.locator("#complete-card").selectOption("declined");
  await page.locator("#complete").click();
  await page.getByText("the card was declined").waitFor();
  errors.splice(0, errors.length, ...errors.filter((error) => !error.includes("402")));
  await page.locator("#complete-card").selectOption("success");
  await page.locator("#complete").click();
  await page.locator(".timeline .completed").waitFor();
  assert.equal((await sandbox.call(`/api/v1/public/checkout/sessions/${id}`)).data.status, "complete");
  await page.locator(".timeline .event", { hasText: "payment.succeeded" }).locator(".attempts li").first().waitFor();
  await page.getByRole("button", { name: "Resend payment.succeeded" }).click();
  await page.locator(".timeline .event", { hasText: "payment.succeeded" }).locator(".attempts li").nth(1).waitFor();

  const other = await create({ client_reference_id: "to_expire" });
  await page.goto(`${sandbox.url}/#/sessions/${other}`);
  await page.locator("#expire").click();
  await page.locator(".timeline .expired").waitFor();

  await page.goto(`${sandbox.url}/#/setup`);
  await page.locator("#fault-drop").fill("2");
  await page.locator("#set-faults").click();
  await page.getByText("Faults set").waitFor();
  assert.equal((await sandbox.call("/sandbox/v1/faults")).data.drop, 2);
  await page.locator("#fault-drop").fill("0");
  await page.locator("#set-faults").click();
  const clock = (await sandbox.call("/sandbox/v1/clock")).data.seconds_ahead;
  await page.locator("#clock-1h").click();
  await page.getByText("moved by 1h").waitFor();
  assert.equal((await sandbox.call("/sandbox/v1/clock")).data.seconds_ahead, clock + 3600);
  await page.locator("#make-key").click();
  const key = await page.locator("dialog code").textContent();
  await picture(page, "console-new-key");
  assert.equal((await sandbox.call("/sandbox/v1/clock", undefined, key)).success, true);
  await page.getByRole("button", { name: "Done" }).click();
  await page.locator("#add-merchant").click();
  await page.locator("dialog", { hasText: "A new merchant" }).waitFor();
  await page.getByRole("button", { name: "Done" }).click();
  await page.goto(`${sandbox.url}/#/sessions`);
  await page.getByText("No session yet").waitFor();
  await page.context().close();
});

test("it can be used with the keyboard alone", async () => {
  const id = await create({ client_reference_id: "by_keyboard" });
  const page = await open();
  await page.locator(`#row-${id}`).waitFor();
  const focus = async (wanted) => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement.id)) === wanted) return;
    }
    assert.fail(`${wanted} is not reached`);
  };
  await focus(`row-${id}`);
  await page.keyboard.press("Enter");
  await page.locator("#complete").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "detail-title");
  await focus("complete");
  await page.keyboard.press("Enter");
  await page.locator(".timeline .completed").waitFor();
  await page.context().close();
});

test("no secret is on any page", async () => {
  const made = await sandbox.call("/api/v1/public/checkout/sessions", {
    mode: "payment", presentation: "iframe", line_items: [{ ad_hoc_amount: 1, quantity: 1 }],
  });
  const { session, session_token: token } = made.data;
  await sandbox.call(`/cashier/v1/sessions/${session.id}?token=${token}`);
  await fetch(`${sandbox.url}/cashier/v1/sessions/${session.id}/pay`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token, card: { number: "4242 4242 4242 4242", cvc: "9Z8Y" } }),
  });
  const page = await open();
  await page.goto(`${sandbox.url}/#/requests`);
  const seen = [];
  await page.locator(".rows a", { hasText: session.id }).first().waitFor();
  for (const row of await page.locator(".rows a", { hasText: session.id }).all()) {
    await row.click();
    await page.locator(".detail .json").last().waitFor();
    seen.push(await page.content());
  }
  await page.goto(`${sandbox.url}/#/setup`);
  await page.locator("#make-key").waitFor();
  seen.push(await page.content());
  assert.ok(seen.length >= 3);
  for (const secret of [token, sandbox.api_key, sandbox.webhook_secret, "4242 4242 4242", "9Z8Y"]) {
    assert.ok(!seen.some((text) => text.includes(secret)), "a secret is shown");
  }
  await page.context().close();
});

test("the demo shop sells", async () => {
  for (const [viewport, colorScheme] of [[DESK, "light"], [PHONE, "dark"]]) {
    const page = await open({ viewport, colorScheme });
    await page.locator("nav a").first().waitFor();
    await page.goto(`${sandbox.url}/shop`);
    await page.locator("#page-chart").click();
    await page.waitForURL(/\/checkout\/cs_[0-9a-z]+\?token=/);
    const id = /cs_[0-9a-z]+/.exec(page.url())[0];
    await page.goto(`${sandbox.url}/shop?back=success`);
    await page.getByText("Thank you").waitFor();
    const acts = await page.evaluate(async (id) => {
      const headers = {
        "X-Console-Token": localStorage.getItem("faststar-console-token"),
        "X-Merchant": localStorage.getItem("faststar-console-merchant"),
        "Content-Type": "application/json",
      };
      const answer = await fetch(`/sandbox/v1/sessions/${id}/complete`, { method: "POST", headers, body: "{}" });
      return answer.status;
    }, id);
    assert.equal(acts, 200);
    await page.getByText("payment.succeeded was sent").first().waitFor();
    await check(page, `shop-${viewport.width}-${colorScheme}`);
    const opened = page.waitForEvent("framenavigated", (frame) => /\/checkout\/cs_[0-9a-z]+\?token=/.test(frame.url()));
    await page.locator("#overlay-mug").click();
    await opened;
    const cashier = page.frameLocator("iframe");
    await cashier.locator("form").waitFor();
    await picture(page, `console-shop-overlay-${viewport.width}`);
    await cashier.getByLabel("E-mail").fill("ada@example.com");
    await cashier.locator(".chip.succeeds").first().click();
    await cashier.locator("button.primary").click();
    await cashier.getByRole("button", { name: "Done" }).click();
    await page.getByText("Thank you. The cashier says that you paid").waitFor();
    assert.equal(await page.locator(".order .card", { hasText: "payment.succeeded was sent" }).count(), 2);
    await picture(page, `console-shop-paid-${viewport.width}`);
    await page.context().close();
  }
});

test("a page of another origin reads nothing and drives nothing", async () => {
  const port = new URL(sandbox.url).port;
  const server = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end("<!doctype html><title>other</title><iframe id=f></iframe>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await open();
  await page.locator("nav a").first().waitFor();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const tried = await page.evaluate(async ([port, token, merchant]) => {
    const headers = { "X-Console-Token": token, "X-Merchant": merchant };
    const outcome = async (host, init) => {
      try {
        const answer = await fetch(`http://${host}:${port}/console/v1/merchants`, init);
        return answer.type === "opaque" ? "opaque" : answer.status;
      } catch {
        return "refused";
      }
    };
    return [
      await outcome("127.0.0.1", { headers }),
      await outcome("localhost", { headers }),
      await outcome("127.0.0.1", { method: "POST", headers, mode: "cors" }),
      await outcome("127.0.0.1", { mode: "no-cors", credentials: "include" }),
    ];
  }, [port, new URL(sandbox.console_url).hash.slice(7), sandbox.merchant_id]);
  assert.deepEqual(tried.slice(0, 3), ["refused", "refused", "refused"]);
  const framed = await page.evaluate(async (url) => {
    const frame = document.getElementById("f");
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    frame.src = url;
    await loaded;
    try {
      return frame.contentDocument?.body?.textContent ?? "not readable";
    } catch {
      return "not readable";
    }
  }, `${sandbox.url}/`);
  assert.equal(framed, "not readable");
  const frame = page.frames().find((frame) => frame !== page.mainFrame());
  assert.ok(!frame.url().startsWith(sandbox.url), `the browser shows ${frame.url()} in the frame`);
  await page.context().close();
  server.close();
  errors.splice(0, errors.length, ...errors.filter((error) => !/CORS|ERR_FAILED|frame-ancestors|X-Frame|Framing|403/.test(error)));
});

test("it comes back when the sandbox does", async () => {
  const own = await startSandbox();
  const page = await open({ link: own.console_url });
  await page.locator(".live[data-state=live]").waitFor();
  await own.stop();
  await page.locator(".live[data-state=connecting]").waitFor();
  const port = new URL(own.url).port;
  const again = await startSandbox("--port", port);
  await page.getByText("This console is for whoever started the sandbox").waitFor();
  await page.goto(again.console_url);
  await page.locator(".live[data-state=live]").waitFor();
  await page.context().close();
  await again.stop();
  errors.splice(0, errors.length, ...errors.filter((error) => !/401|ERR_/.test(error)));
});

test("no page has reported an error", () => {
  assert.deepEqual(errors, []);
});
