// FastStar.js on the pages of a shop.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { CARD, fill, openOverlay, setUp } from "./support.js";

const world = setUp();

const dialog = (page) => page.getByRole("dialog", { name: "Checkout" });
const paid = (frame) => frame.getByRole("heading", { name: "Payment successful" });

async function listen(page) {
  await page.evaluate(() => {
    window.heard = [];
    for (const event of ["opened", "loaded", "success", "declined", "closed", "error"]) {
      FastStar.on(`checkout.${event}`, (data) => window.heard.push([event, data]));
    }
  });
}

test("the documentation's example works unchanged", async (t) => {
  const reference = readFileSync(new URL("../../../tests/browser/front_end_example.js", import.meta.url), "utf8");
  const created = [];
  const pages = {
    "/": `<!doctype html><title>Shop</title><script src="${world.url}/sdk/v1/faststar.min.js"></script>
      <button id="buy">Buy</button>
      <script>document.getElementById("buy").onclick = async () => {\n${reference}\n};</script>`,
    "/api/checkout": () => ({
      headers: { "Content-Type": "application/json" },
      // As the documentation's server does it, with its example's URLs.
      body: world
        .session({ presentation: "iframe", success_url: "https://yoursite.com/success", cancel_url: "https://yoursite.com/cancel" })
        .then((data) => created.push(data) && JSON.stringify({ url: data.url })),
    }),
    "/thanks": "<!doctype html><title>Thanks</title><h1>Thank you</h1>",
  };
  const origin = await world.serve(t, pages);
  const page = await world.page(t);
  const logged = [];
  page.on("console", (message) => message.type() === "log" && logged.push(message.text()));
  await page.goto(origin);
  await page.getByRole("button", { name: "Buy" }).click();
  const frame = page.frameLocator("iframe");
  await fill(frame, CARD.pays);
  await frame.getByRole("button", { name: /^Pay €/ }).click();
  await page.waitForURL(`${origin}/thanks`);
  assert.deepEqual(logged, [`已支付 ${created[0].session.id}`]);
  assert.equal((await world.retrieve(created[0].session.id)).status, "complete");
});

test("events come in their order, and the promise tells the end", async (t) => {
  const shop = await world.shop(t);
  const { session, url } = await world.session({ presentation: "iframe", success_url: `${shop.origin}/thanks` });
  const page = await world.page(t);
  await page.goto(shop.origin);
  await listen(page);
  await page.evaluate((url) => {
    FastStar.on("checkout.opened", () => {
      throw new Error("a listener of the shop's that fails");
    });
    FastStar.once("checkout.declined", () => window.heard.push(["once"]));
    window.result = FastStar.checkout.open({ url });
  }, url);
  const frame = page.frameLocator("iframe");
  for (const _ of [1, 2]) {
    await fill(frame, CARD.declined);
    await frame.getByRole("button", { name: /^Pay €/ }).click();
    await frame.getByRole("alert").filter({ hasText: "declined" }).waitFor();
    await frame.getByRole("button", { name: /^Pay €/ }).waitFor();
  }
  await fill(frame, CARD.pays);
  await frame.getByRole("button", { name: /^Pay €/ }).click();
  await paid(frame).waitFor();
  const told = { checkout_session_id: session.id };
  assert.deepEqual(await page.evaluate(() => window.result), { status: "success", ...told });
  await frame.getByRole("button", { name: "Done" }).click();
  await dialog(page).waitFor({ state: "detached" });
  assert.deepEqual(await page.evaluate(() => window.heard), [
    ["opened", told],
    ["loaded", told],
    ["declined", told],
    ["once"],
    ["declined", told],
    ["success", told],
    ["closed", told],
  ]);
  assert.equal(page.url(), `${shop.origin}/`, "the buyer stays on the site");
  const thrown = page.errors.filter((error) => !/402/.test(error));
  assert.deepEqual(thrown, ["Error: a listener of the shop's that fails"]);
});

for (const [how, close] of [
  ["the close button", (page) => page.getByRole("button", { name: "Close the checkout" }).click()],
  ["Escape on the shop's side", async (page) => {
    await page.getByRole("button", { name: "Close the checkout" }).focus();
    await page.keyboard.press("Escape");
  }],
  ["Escape within the cashier", (page, frame) => frame.getByLabel("E-mail").press("Escape")],
  ["the shop", (page) => page.evaluate(() => FastStar.checkout.close())],
]) {
  test(`${how} closes, gives back the focus and the scrolling`, async (t) => {
    const shop = await world.shop(t);
    const { session, url } = await world.session({ presentation: "iframe", success_url: `${shop.origin}/thanks` });
    const page = await world.page(t);
    await page.goto(shop.origin);
    await listen(page);
    const style = () => page.evaluate(() => document.documentElement.style.cssText);
    await page.locator("#buy").focus();
    await page.evaluate((url) => void (window.result = FastStar.checkout.open({ url })), url);
    const frame = page.frameLocator("iframe");
    await frame.locator("form").waitFor();
    assert.match(await style(), /overflow: hidden/);
    await close(page, frame);
    await dialog(page).waitFor({ state: "detached" });
    assert.equal(await style(), "");
    assert.equal(await page.evaluate(() => document.activeElement.id), "buy");
    const told = { checkout_session_id: session.id };
    assert.deepEqual(await page.evaluate(() => window.result), { status: "closed", ...told });
    assert.deepEqual((await page.evaluate(() => window.heard)).at(-1), ["closed", told]);
    assert.deepEqual(page.errors, []);
  });
}

test("the focus does not leave the overlay", async (t) => {
  const { page } = await openOverlay(world, t);
  for (const key of ["Tab", "Shift+Tab"]) {
    for (let step = 0; step < 25; step += 1) {
      await page.keyboard.press(key);
      const at = await page.evaluate(() => document.activeElement?.id ?? "");
      assert.notEqual(at, "buy");
    }
  }
});

test("it does not close while a payment is under way", async (t) => {
  const { page, frame, session } = await openOverlay(world, t);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/pay", async (route) => {
    await held;
    await route.continue();
  });
  await fill(frame, CARD.pays);
  await frame.getByRole("button", { name: /^Pay €/ }).click();
  await frame.getByRole("button", { name: "Working…" }).waitFor();
  await frame.getByLabel("E-mail").press("Escape");
  const close = page.getByRole("button", { name: "Close the checkout" });
  assert.ok(await close.isDisabled());
  await close.click({ force: true });
  assert.ok(await dialog(page).isVisible());
  release();
  await paid(frame).waitFor();
  await close.click();
  await dialog(page).waitFor({ state: "detached" });
  const result = await page.evaluate(() => window.result);
  assert.deepEqual(result, { status: "success", checkout_session_id: session.id });
});

test("a cashier that is loaded anew during a payment lets the buyer close", async (t) => {
  const { page, frame } = await openOverlay(world, t);
  await page.route("**/pay", () => {}); // Never answered.
  await fill(frame, CARD.pays);
  await frame.getByRole("button", { name: /^Pay €/ }).click();
  await frame.getByRole("button", { name: "Working…" }).waitFor();
  const inner = page.frames().find((it) => it !== page.mainFrame());
  await inner.evaluate(() => location.reload());
  await frame.getByRole("button", { name: /^Pay €/ }).waitFor();
  await page.getByRole("button", { name: "Close the checkout" }).click();
  await dialog(page).waitFor({ state: "detached" });
});

test("what another tab has paid is told to the shop as well", async (t) => {
  const shop = await world.shop(t);
  const { session, url } = await world.session({ presentation: "iframe", success_url: `${shop.origin}/thanks` });
  await world.api(`/sandbox/v1/sessions/${session.id}/complete`, {});
  const page = await world.page(t);
  await page.goto(shop.origin);
  await listen(page);
  const result = await page.evaluate((url) => FastStar.checkout.open({ url }), url);
  assert.deepEqual(result, { status: "success", checkout_session_id: session.id });
  assert.deepEqual((await page.evaluate(() => window.heard)).map(([event]) => event), ["opened", "loaded", "success"]);
  await page.frameLocator("iframe").getByRole("heading", { name: "This order is already paid" }).waitFor();
});

test("one overlay at a time", async (t) => {
  const { page, url, shop } = await openOverlay(world, t);
  const other = await world.session({ presentation: "iframe", success_url: `${shop.origin}/thanks` });
  const outcome = await page.evaluate(
    async ([same, other]) => {
      const again = FastStar.checkout.open({ url: same });
      const refused = await FastStar.checkout.open({ url: other }).catch((error) => error.code);
      FastStar.checkout.close();
      return [refused, (await again).status, (await window.result).status];
    },
    [url, other.url],
  );
  assert.deepEqual(outcome, ["already_open", "closed", "closed"]);
  await page.evaluate((url) => void FastStar.checkout.open({ url }), other.url);
  await dialog(page).waitFor();
  assert.equal(await page.locator("iframe").count(), 1);
});

test("a cashier that does not come is told, and asked for again", async (t) => {
  const shop = await world.shop(t);
  const { url } = await world.session({ presentation: "iframe", success_url: `${shop.origin}/thanks` });
  const page = await world.page(t);
  await page.clock.install();
  await page.goto(shop.origin);
  await listen(page);
  let isThere = false;
  await page.route("**/checkout/**", (route) => isThere && route.continue());
  await page.evaluate((url) => void (window.result = FastStar.checkout.open({ url })), url);
  await dialog(page).getByRole("status").filter({ hasText: "Opening the checkout…" }).waitFor();
  await page.clock.fastForward(19_000);
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
  await page.clock.fastForward(2_000);
  const retry = page.getByRole("button", { name: "Try again" });
  await retry.waitFor();
  assert.equal((await page.evaluate(() => window.heard)).at(-1)[1].code, "load_failed");
  isThere = true;
  await retry.click();
  const frame = page.frameLocator("iframe");
  await frame.locator("form").waitFor();
  await retry.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Close the checkout" }).click();
  assert.equal((await page.evaluate(() => window.result)).status, "closed");
});

test("a cashier that cannot read its session says so in the overlay, and tells the shop", async (t) => {
  const shop = await world.shop(t);
  const { url } = await world.session({ presentation: "iframe", success_url: `${shop.origin}/thanks` });
  const page = await world.page(t);
  await page.route("**/cashier/v1/**", (route) => route.abort());
  await page.goto(shop.origin);
  await listen(page);
  await page.evaluate((url) => void FastStar.checkout.open({ url }), url);
  const frame = page.frameLocator("iframe");
  await frame.getByRole("heading", { name: "The checkout did not load" }).waitFor();
  await page.waitForFunction(() => window.heard.length === 2);
  assert.equal((await page.evaluate(() => window.heard))[1][1].code, "unreachable");
  await page.unroute("**/cashier/v1/**");
  await frame.getByRole("button", { name: "Try again" }).click();
  await frame.locator("form").waitFor();
  await page.waitForFunction(() => window.heard.at(-1)[0] === "loaded");
});

test("a session for a redirect is not framed; the shop is told soon", async (t) => {
  const shop = await world.shop(t);
  const { url } = await world.session({ presentation: "link" });
  const page = await world.page(t);
  await page.clock.install();
  await page.goto(shop.origin);
  await listen(page);
  const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
  await page.evaluate((url) => void FastStar.checkout.open({ url }), url);
  await refused;
  // The browser's own page came in its place; it cannot answer.
  await page.waitForFunction(() => document.querySelector("body > div:last-of-type").shadowRoot.querySelector("iframe"));
  await page.clock.runFor(21_000);
  await page.getByRole("button", { name: "Try again" }).waitFor();
  assert.deepEqual((await page.evaluate(() => window.heard)).map(([event]) => event), ["opened", "error"]);
});

test("off ends what on began, and on gives a way to end it", async (t) => {
  const { page } = await openOverlay(world, t);
  const heard = await page.evaluate(() => {
    const heard = [];
    const one = () => heard.push("one");
    FastStar.on("checkout.closed", one);
    FastStar.off("checkout.closed", one);
    FastStar.on("checkout.closed", () => heard.push("two"))();
    FastStar.on("checkout.closed", () => heard.push("three"));
    FastStar.checkout.close();
    return heard;
  });
  assert.deepEqual(heard, ["three"]);
});

test("it works within the strictest policy that can frame the cashier", async (t) => {
  // The shop of the other tests has that policy, and FastStar.js by its hash.
  const { page, frame } = await openOverlay(world, t);
  await fill(frame, CARD.pays);
  assert.deepEqual(page.errors, []);
  const box = await dialog(page).boundingBox();
  assert.ok(box.width > 600 && box.width < 1280, "the style is there");
});

test("it has the whole screen of a phone", async (t) => {
  for (const viewport of [{ width: 320, height: 640 }, { width: 390, height: 844 }]) {
    const { page } = await openOverlay(world, t, {}, { viewport });
    assert.deepEqual(await dialog(page).boundingBox(), { x: 0, y: 0, ...viewport });
  }
});

test("a script from elsewhere is told where the sandbox is, and believes only this machine", async (t) => {
  const code = await (await fetch(`${world.url}/sdk/v1/faststar.min.js`)).text();
  const origin = await world.serve(t, {
    "/": "<!doctype html><title>Shop</title><script src=/own.js></script>",
    "/own.js": () => ({ headers: { "Content-Type": "text/javascript" }, body: code }),
  });
  const { url } = await world.session({ presentation: "iframe", success_url: `${origin}/thanks` });
  const page = await world.page(t);
  await page.goto(origin);
  const attempt = () =>
    page.evaluate((url) => Promise.race([FastStar.checkout.open({ url }), "open"]).catch((error) => error.code), url);
  assert.equal(await attempt(), "origin_not_allowed");
  const init = (origin) =>
    page.evaluate((origin) => {
      try {
        return FastStar.init({ origin }) ?? "taken";
      } catch (error) {
        return error.code;
      }
    }, origin);
  assert.equal(await init("https://evil.example"), "invalid_url");
  assert.equal(await init("http://127.0.0.1.evil.example"), "invalid_url");
  assert.equal(await attempt(), "origin_not_allowed");
  assert.equal(await init(world.url), "taken");
  assert.equal(await attempt(), "open");
});

test("it is one file for a script tag, CommonJS and AMD, harmless on a server, and small", async () => {
  const response = await fetch(`${world.url}/sdk/v1/faststar.min.js`);
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal(response.headers.get("cross-origin-resource-policy"), "cross-origin");
  const code = await response.text();
  const names = ["checkout", "init", "off", "on", "once", "version"];
  const module = { exports: {} };
  new Function("module", code)(module);
  assert.deepEqual(Object.keys(module.exports).sort(), names);
  let defined;
  const define = Object.assign((make) => (defined = make()), { amd: {} });
  new Function("define", "module", code)(define);
  assert.deepEqual(Object.keys(defined).sort(), names);
  const size = gzipSync(code, { level: 9 }).length;
  assert.ok(size < 5 * 1024);
  const docs = readFileSync(new URL("../../../docs/fidelity.md", import.meta.url), "utf8");
  assert.equal(/([\d.]+) KB with gzip/.exec(docs)?.[1], (size / 1024).toFixed(1), "the size in docs/fidelity.md");
  const types = await (await fetch(`${world.url}/sdk/v1/faststar.d.ts`)).text();
  assert.match(types, /export as namespace FastStar;/);
});

// What other people's pages do around it.

const tag = (query = "") => `<script src="${world.url}/sdk/v1/faststar.min.js${query}"></script>`;

/** Opens a page of a shop, and a session that it may frame. */
async function openPage(t, body, headers = {}) {
  const origin = await world.serve(t, {
    "/": () => ({ headers, body: `<!doctype html><title>Shop</title>${body}` }),
    "/favicon.ico": "",
  });
  const { url, session } = await world.session({ presentation: "iframe", success_url: `${origin}/thanks` });
  const page = await world.page(t);
  await page.goto(origin);
  return { page, url, session, frame: page.frameLocator("iframe") };
}

const open = (page, url) => page.evaluate((url) => void (window.result = FastStar.checkout.open({ url })), url);

const inherited = {
  "pointer-events": "none",
  visibility: "hidden",
  "user-select": "none",
  cursor: "wait",
  direction: "rtl",
  "font-size": "40px",
  "letter-spacing": "9px",
  "text-transform": "uppercase",
  "word-spacing": "20px",
  "text-align": "right",
  "white-space": "pre",
};

test("what a page sets on its root, its body or all elements does not reach the overlay", async (t) => {
  const read = (page) =>
    page.evaluate((names) => {
      const inside = document.querySelector("[data-turbo-temporary]").shadowRoot;
      return ["dialog", "iframe", ".close", ".note"].map((selector) => {
        const element = inside.querySelector(selector);
        const style = getComputedStyle(element);
        const { width, height, x, y } = element.getBoundingClientRect();
        return [selector, names.map((name) => style[name]), style.colorScheme, [width, height, x, y].map(Math.round)];
      });
    }, Object.keys(inherited));
  const plain = await openPage(t, `<body>${tag()}`);
  await open(plain.page, plain.url);
  await plain.frame.locator("form").waitFor();
  const wanted = await read(plain.page);
  const rules = Object.entries(inherited).map(([name, value]) => `${name}: ${value}`).join("; ");
  const important = rules.replaceAll(/;|$/g, " !important;");
  for (const style of [
    `html { ${rules}; color-scheme: dark; zoom: 1.5 }`,
    `body { ${rules}; color-scheme: dark; zoom: 0.5 }`,
    `body * { ${important} }`,
    "body > div { display: none !important; opacity: 0 !important } div:empty { display: none }",
    "body { display: grid; gap: 99px } body > * { transform: scale(0.5); filter: blur(9px); contain: strict }",
  ]) {
    const { page, url, frame } = await openPage(t, `<style>${style}</style><body>${tag()}`);
    await open(page, url);
    await frame.locator("form").waitFor();
    assert.deepEqual(await read(page), wanted, style);
    await fill(frame, CARD.pays);
    const field = frame.getByLabel("E-mail");
    await field.click();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("eve@example.com");
    assert.equal(await field.inputValue(), "eve@example.com", style);
    await page.getByRole("button", { name: "Close the checkout" }).click();
    await dialog(page).waitFor({ state: "detached" });
  }
});

for (const [how, remove] of [
  ["innerHTML", () => (document.body.innerHTML = "another route")],
  ["replaceWith", () => document.body.lastElementChild.replaceWith("another route")],
  ["remove", () => document.querySelector("[data-turbo-temporary]").remove()],
  ["another body", () => document.body.replaceWith(document.createElement("body"))],
  ["replaceChildren of the root", () => document.documentElement.replaceChildren(document.createElement("body"))],
  ["a move to another place", () => {
    const place = document.createElement("main");
    document.body.append(place);
    place.append(document.querySelector("[data-turbo-temporary]"));
  }],
  ["adoption by another document", () =>
    document.implementation.createHTMLDocument().body.append(document.querySelector("[data-turbo-temporary]"))],
  ["what Turbo does before it keeps a page", () => {
    for (const element of document.querySelectorAll("[data-turbo-temporary]")) element.remove();
  }],
  ["document.open", () => {
    document.open();
    document.write("<!doctype html><body>another page");
    document.close();
  }],
]) {
  test(`an overlay that ${how} takes away is closed, and the next one opens`, async (t) => {
    const { page, url, frame, session } = await openPage(t, `<body>${tag()}<p>A shop`);
    await listen(page);
    await open(page, url);
    await frame.locator("form").waitFor();
    const told = { checkout_session_id: session.id };
    await page.evaluate(remove);
    assert.deepEqual(await page.evaluate(() => window.result), { status: "closed", ...told });
    const heard = await page.evaluate(() => window.heard.filter(([event]) => event === "closed"));
    assert.deepEqual(heard, [["closed", told]]);
    assert.equal(await page.evaluate(() => document.documentElement.style.cssText), "");
    assert.equal(await page.locator("iframe").count(), 0);
    // At once, before the browser reports the removal.
    await page.evaluate((url) => {
      FastStar.checkout.open({ url });
      document.body.innerHTML = "";
      window.result = FastStar.checkout.open({ url });
    }, url);
    await frame.locator("form").waitFor();
    assert.equal(await page.locator("iframe").count(), 1);
    await page.getByRole("button", { name: "Close the checkout" }).click();
    assert.equal((await page.evaluate(() => window.result)).status, "closed");
  });
}

const addScript = (src) =>
  new Promise((go, fail) => {
    document.head.append(Object.assign(document.createElement("script"), { src, onload: go, onerror: fail }));
  });

for (const [how, load] of [
  ["the same script tag", (page, sdk) => page.evaluate(addScript, sdk)],
  ["another URL", (page, sdk) => page.evaluate(addScript, `${sdk}?v=2`)],
  ["an import", (page, sdk) => page.evaluate((sdk) => void import(sdk), sdk)],
  ["the machine's other name", (page, sdk) => page.evaluate(addScript, sdk.replace("127.0.0.1", "localhost"))],
]) {
  test(`loaded again by ${how}, it is one library`, async (t) => {
    const { page, url } = await openPage(t, `<body>${tag("?v=1")}`);
    await listen(page);
    await page.evaluate(() => {
      window.first = FastStar;
      delete window.FastStar;
    });
    await load(page, `${world.url}/sdk/v1/faststar.min.js`);
    await page.waitForFunction(() => window.FastStar);
    assert.ok(await page.evaluate(() => window.first === FastStar));
    await open(page, url);
    await page.frameLocator("iframe").locator("form").waitFor();
    await page.evaluate(() => window.first.checkout.close());
    assert.deepEqual((await page.evaluate(() => window.heard)).map(([event]) => event), ["opened", "loaded", "closed"]);
    assert.equal(await dialog(page).count(), 0);
  });
}

test("a copy from elsewhere learns the sandbox's origin from a later script tag", async (t) => {
  const code = await (await fetch(`${world.url}/sdk/v1/faststar.min.js`)).text();
  const { page, url } = await openPage(t, `<body><script>${code}</script>`);
  const attempt = () =>
    page.evaluate((url) => FastStar.checkout.open({ url }).catch(({ message }) => message), url);
  assert.match(await attempt(), new RegExp(`call FastStar\\.init\\(\\{ origin: "${world.url}" \\}\\)`));
  await page.evaluate(addScript, `${world.url}/sdk/v1/faststar.min.js`);
  await open(page, url);
  await page.frameLocator("iframe").locator("form").waitFor();
});

for (const [what, before] of [
  ["an AMD loader", "window.define = () => window.broken = true; define.amd = {};"],
  ["CommonJS", "window.module = { exports: {} }; window.exports = module.exports;"],
  ["both", "window.define = () => window.broken = true; define.amd = {}; window.module = { exports: {} };"],
  ["elements with these names", "document.write('<p id=module></p><p id=define></p><p id=exports></p>')"],
]) {
  for (const kind of ["a script tag", "an added script", "a module"]) {
    test(`on a page with ${what} ${kind} gives the global and breaks nothing`, async (t) => {
      const sdk = `${world.url}/sdk/v1/faststar.min.js`;
      const tags = { "a script tag": tag(), "a module": `<script type="module" src="${sdk}"></script>` };
      const { page, url } = await openPage(t, `<body><script>${before}</script>${tags[kind] ?? ""}`);
      if (!tags[kind]) await page.evaluate(addScript, sdk);
      await page.waitForFunction(() => window.FastStar);
      assert.ok(await page.evaluate(() => !window.broken && !Object.keys(window.module?.exports ?? {}).length));
      await open(page, url);
      await page.frameLocator("iframe").locator("form").waitFor();
      assert.deepEqual(page.errors, []);
    });
  }
}

test("an AMD loader that asks for it gets it", async (t) => {
  const { page } = await openPage(
    t,
    `<body><script>window.define = (make) => window.defined = make(); define.amd = {};</script>
      <script data-requiremodule="faststar" src="${world.url}/sdk/v1/faststar.min.js"></script>`,
  );
  assert.equal(await page.evaluate(() => typeof window.defined.checkout.open), "function");
});

for (const policy of ["require-corp", "credentialless"]) {
  test(`a shop with COEP ${policy} frames the cashier`, async (t) => {
    const { page, url, frame } = await openPage(t, `<body>${tag().replace(" src", " crossorigin src")}`, {
      "Cross-Origin-Embedder-Policy": policy,
      "Cross-Origin-Opener-Policy": "same-origin",
    });
    assert.ok(await page.evaluate(() => crossOriginIsolated));
    await open(page, url);
    await fill(frame, CARD.pays);
    await frame.getByRole("button", { name: /^Pay €/ }).click();
    await paid(frame).waitFor();
    assert.deepEqual(page.errors, []);
  });
}

test("the frame may ask for a payment, and nothing else", async (t) => {
  const { page } = await openOverlay(world, t);
  assert.equal(await page.locator("iframe").getAttribute("allow"), "payment");
});
