// What pages of other sites, and texts of a session, must not be able to do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CARD, fill, openOverlay, setUp } from "./support.js";

const hostile = JSON.parse(
  readFileSync(new URL("../../../tests/browser/hostile.json", import.meta.url), "utf8"),
);
const world = setUp();

test("open refuses what is not the cashier's, and makes no frame", async (t) => {
  assert.ok(hostile.open.length >= 2);
  const shop = await world.shop(t);
  const page = await world.page(t);
  const dialogs = [];
  const asked = [];
  page.on("dialog", (dialog) => dialogs.push(dialog.message()) && dialog.dismiss());
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(shop.origin);
  for (const { id, url, code } of hostile.open) {
    const outcome = await page.evaluate(async (url) => {
      const tricky = url !== null && typeof url === "object";
      const given = tricky ? { toString: () => url.toString } : url;
      try {
        await FastStar.checkout.open({ url: given });
        return "opened";
      } catch (error) {
        return { name: error.name, code: error.code, isError: error instanceof Error };
      }
    }, url);
    assert.deepEqual(outcome, { name: "FastStarError", code, isError: true }, id);
    assert.equal(await page.locator("iframe").count(), 0, id);
  }
  assert.deepEqual(dialogs, []);
  assert.ok(asked.length > 0 && asked.every((url) => !url.includes("evil") && !url.includes("faststarpay")));
});

test("open without options is refused as a promise, not thrown", async (t) => {
  const shop = await world.shop(t);
  const page = await world.page(t);
  await page.goto(shop.origin);
  const code = await page.evaluate(() => FastStar.checkout.open().catch((error) => error.code));
  assert.equal(code, "invalid_url");
});

test("messages count from the right origin and the right window only", async (t) => {
  const { page, session, frame } = await openOverlay(world, t);
  await page.evaluate(() => {
    window.heard = [];
    for (const event of ["success", "declined", "closed", "error"]) {
      FastStar.on(`checkout.${event}`, () => window.heard.push(event));
    }
  });
  const filled = (text) => text.replaceAll("$SANDBOX", world.url).replaceAll("$SESSION", session.id);
  for (const message of hostile.messages) {
    const { from, window, data, id } = JSON.parse(filled(JSON.stringify(message)));
    await page.evaluate(
      ({ from, window, data }) => {
        const frame = document.querySelector("body > div:last-of-type").shadowRoot.querySelector("iframe");
        const source = window === "frame" ? frame.contentWindow : globalThis.window;
        dispatchEvent(new MessageEvent("message", { origin: from, source, data }));
      },
      { from, window, data },
    );
    assert.deepEqual(await page.evaluate(() => window.heard), [], id);
    assert.ok(await page.getByRole("dialog").isVisible(), id);
  }
  // The same way, told rightly, counts: so the test above can fail.
  await page.evaluate(
    ({ origin, id }) => {
      const frame = document.querySelector("body > div:last-of-type").shadowRoot.querySelector("iframe");
      const data = { faststar: 1, type: "declined", checkout_session_id: id };
      dispatchEvent(new MessageEvent("message", { origin, source: frame.contentWindow, data }));
    },
    { origin: world.url, id: session.id },
  );
  assert.deepEqual(await page.evaluate(() => window.heard), ["declined"]);
  await frame.locator("form").waitFor();
});

test("texts of a session are texts", async (t) => {
  for (const { id, text } of hostile.texts) {
    const { url } = await world.session({
      line_items: [{ ad_hoc_amount: 1999, ad_hoc_currency: "USD", quantity: 1, description: text }],
    });
    const page = await world.page(t, { viewport: { width: 320, height: 640 } });
    await page.addInitScript(() => {
      window.violations = [];
      addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
    });
    await page.goto(url);
    await page.getByText(text, { exact: true }).waitFor();
    const found = await page.evaluate(() => ({
      x: window.__x ?? null,
      violations: window.violations,
      overflow: document.documentElement.scrollWidth - innerWidth,
    }));
    assert.deepEqual(found, { x: null, violations: [], overflow: 0 }, id);
    assert.deepEqual(page.errors, [], id);
  }
});

test("the page's headers keep it to itself", async () => {
  const { url } = await world.session({ presentation: "iframe", success_url: "https://shop.example/ok" });
  const [one, two] = await Promise.all([fetch(url), fetch(url)]);
  const policy = one.headers.get("content-security-policy");
  assert.notEqual(policy, two.headers.get("content-security-policy"), "a nonce is used once");
  assert.match(policy, /^default-src 'none'; script-src 'nonce-\w{40}'; style-src 'nonce-\w{40}'; /);
  assert.match(policy, /frame-ancestors 'self' [^;]*https:\/\/shop\.example/);
  assert.doesNotMatch(policy, /unsafe|https?: |\*;/);
  assert.equal(one.headers.get("cache-control"), "no-store");
  assert.equal(one.headers.get("referrer-policy"), "no-referrer");
  assert.equal(one.headers.get("x-content-type-options"), "nosniff");
  const html = await one.text();
  const nonce = /'nonce-(\w+)'/.exec(policy)[1];
  assert.equal(html.match(new RegExp(`nonce="${nonce}"`, "g")).length, 2);
  for (const [, path] of html.matchAll(/"(\/assets\/[^"]+)"/g)) {
    assert.match(path, /-[0-9a-f]{16}\.(js|css|svg)$/);
    const asset = await fetch(world.url + path);
    assert.match(asset.headers.get("cache-control"), /immutable/);
  }
});

test("a page of another site can neither frame, message, read nor post", async (t) => {
  // The session's shop is on another port than the hostile page.
  const { session, session_token, url } = await world.session({
    presentation: "iframe",
    success_url: "http://127.0.0.1:9/ok",
    cancel_url: "http://127.0.0.1:9/no",
  });
  const evil = await world.serve(t, { "/": "<!doctype html><title>evil</title><body>" });
  const page = await world.page(t);
  const api = `${world.url}/cashier/v1/sessions/${session.id}`;
  for (const origin of [evil, evil.replace("127.0.0.1", "evil.example")]) {
    await page.goto(origin);
    const heard = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const heard = [];
          addEventListener("message", (event) => heard.push(event.data));
          const frame = document.createElement("iframe");
          frame.onload = () => {
            frame.contentWindow.postMessage({ faststar: 1, type: "hello" }, "*");
            // A message and its answer take a turn each; these are more turns than that.
            let turns = 50;
            const wait = () => (turns-- ? requestAnimationFrame(wait) : resolve(heard));
            wait();
          };
          frame.src = url;
          document.body.append(frame);
        }),
      url,
    );
    assert.deepEqual(heard, [], origin);
    assert.ok(
      page.errors.some((error) => /frame-ancestors/.test(error)),
      `${origin}: ${page.errors}`,
    );
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    assert.equal(await framed.locator("form").count(), 0);
    page.errors.length = 0;

    const outcomes = await page.evaluate(
      async ({ api, token }) => {
        const body = JSON.stringify({ token, card: { number: "4242424242424242" } });
        const attempt = (path, init) => fetch(api + path, init).then(() => "answered", () => "refused");
        const json = { "Content-Type": "application/json" };
        return [
          await attempt(`?token=${token}`),
          await attempt("/pay", { method: "POST", headers: json, body }),
          await attempt("/country", { method: "POST", headers: json, body }),
          // Sent without asking first, and unreadable: what counts is that it does nothing.
          await fetch(`${api}/pay`, { method: "POST", mode: "no-cors", body }).then((it) => it.type),
        ];
      },
      { api, token: session_token },
    );
    assert.deepEqual(outcomes, ["refused", "refused", "refused", "opaque"]);
    await page.evaluate(
      ({ api, token }) => {
        const form = document.createElement("form");
        form.method = "post";
        form.enctype = "text/plain";
        form.action = `${api}/pay`;
        const input = document.createElement("input");
        input.name = `{"token":"${token}","card":{"number":"4242424242424242"},"x":"`;
        input.value = `"}`;
        form.append(input);
        document.body.append(form);
        form.submit();
      },
      { api, token: session_token },
    );
    await page.waitForURL(/cashier\/v1/);
    assert.match(await page.content(), /cross_site_request/);
  }
  assert.equal((await world.retrieve(session.id)).status, "open");
});

test("only the window around the page is told, and only once it has said hello", async (t) => {
  const shop = await world.shop(t);
  const { url } = await world.session({ presentation: "iframe", success_url: `${shop.origin}/thanks` });
  const page = await world.page(t);
  await page.goto(shop.origin);
  await page.evaluate((url) => {
    window.told = [];
    addEventListener("message", (event) => window.told.push(event.data.type));
    for (const [name, src] of [["cashier", url], ["sibling", "about:blank"]]) {
      const frame = document.createElement("iframe");
      Object.assign(frame, { name, src });
      document.body.append(frame);
    }
  }, url);
  const frame = page.frameLocator("iframe[name=cashier]");
  const hello = () => parent.frames.cashier.postMessage({ faststar: 1, type: "hello" }, "*");
  await frame.locator("form").waitFor();
  await page.frames().find((it) => it.name() === "sibling").evaluate(hello);
  await fill(frame, CARD.pays);
  await frame.getByRole("button", { name: /^Pay €/ }).click();
  await frame.getByRole("heading", { name: "Payment successful" }).waitFor();
  assert.deepEqual(await page.evaluate(() => window.told), []);
  await page.evaluate(hello);
  await page.waitForFunction(() => window.told.includes("success"));
});

test("a real card's number does not leave the page", async (t) => {
  const { url } = await world.session();
  const page = await world.page(t);
  const bodies = [];
  page.on("request", (request) => bodies.push(request.postData() ?? ""));
  await page.goto(url);
  await fill(page, "4111 1111 1111 1111");
  await page.getByRole("button", { name: /^Pay €/ }).click();
  await page.getByText("Enter one of the test cards.").waitFor();
  assert.ok(bodies.length > 0 && bodies.every((body) => !body.includes("4111")));
});

test("a wrong token shows no more than that there is nothing", async (t) => {
  const { session } = await world.session();
  const page = await world.page(t);
  const answer = await page.goto(`${world.url}/checkout/${session.id}?token=wrong`);
  assert.equal(answer.status(), 404);
  await page.getByRole("heading", { name: "This checkout does not exist" }).waitFor();
  // Programs get the envelope.
  const told = await fetch(`${world.url}/checkout/${session.id}?token=wrong`);
  assert.equal((await told.json()).error.code, "not_found");
});

test("redirects go to stored web URLs only, whatever the page's own address says", async (t) => {
  const { url } = await world.session({ cancel_url: "https://shop.example/no" });
  const page = await world.page(t);
  await page.goto(`${url}&success_url=https://evil.example/&cancel_url=javascript:alert(1)`);
  await page.locator("form").waitFor();
  assert.equal(await page.getByRole("link", { name: "Back to the shop" }).getAttribute("href"), "https://shop.example/no");
  for (const mistake of ["javascript:alert(1)", "data:text/html,x", "ftp://shop.example/"]) {
    await assert.rejects(world.session({ success_url: mistake }), /invalid_url/);
  }
});
