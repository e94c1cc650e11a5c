// Every state, in the overlay and as a full page, on phones and a desktop, light and dark, in both
// languages: it fits, axe finds nothing serious, and a screenshot is kept in artifacts/browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { artifacts, setUp, SIZES } from "./support.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const world = setUp();

const LOCALES = { en: "en-GB", zh: "zh-CN" };

/** How a session comes to each state, and what shows that it is there. */
const STATES = {
  "pay-inclusive": { ready: "form" },
  "pay-exclusive": { session: { buyer_country: "US-CA" }, ready: "#region" },
  "pay-no-country": { session: { buyer_country: undefined, customer_email: undefined }, ready: "form" },
  "pay-many-lines": {
    session: {
      line_items: Array.from({ length: 12 }, (_, index) => ({
        ad_hoc_amount: 199_900 * (index + 1),
        ad_hoc_currency: "EUR",
        quantity: index * 100 + 1,
        description: `Walnut side table with a drawer, oiled, size ${index + 1}, delivered to the door`,
      })),
    },
    ready: "form",
  },
  "subscribe-trial": { session: () => recurring({ trial_period_days: 14 }), ready: "form" },
  subscribe: { session: () => recurring({}), ready: "form" },
  "save-card": { session: { mode: "setup", line_items: undefined }, ready: "form" },
  mistakes: { act: (root) => root.locator("button.primary").click(), ready: ".alert:not(:empty)" },
  declined: { act: (root) => pay(root, "declined"), ready: ".alert:not(:empty)" },
  authentication: { act: (root) => pay(root, "asks_for_authentication"), ready: ".answers" },
  paid: { act: (root) => pay(root, "succeeds"), ready: ".panel.good" },
  subscribed: {
    session: () => recurring({ trial_period_days: 14 }),
    act: (root) => pay(root, "succeeds"),
    ready: ".panel.good",
  },
  "card-saved": {
    session: { mode: "setup", line_items: undefined },
    act: (root) => pay(root, "succeeds"),
    ready: ".panel.good",
  },
  "already-paid": { before: (id) => world.api(`/sandbox/v1/sessions/${id}/complete`, {}), ready: ".panel.good" },
  expired: { before: (id) => world.api(`/sandbox/v1/sessions/${id}/expire`, {}), ready: ".panel.plain" },
  unreachable: { blocks: "**/cashier/v1/**", ready: ".panel.bad" },
};

async function pay(root, behaviour) {
  await root.locator(`.chip.${behaviour}`).first().click();
  await root.locator("button.primary").click();
}

async function recurring(changes) {
  const product = await world.api("/api/v1/merchant/catalog/products", { name: "Tea of the month" });
  const price = await world.api("/api/v1/merchant/catalog/prices", {
    product_id: product.id,
    currency: "EUR",
    unit_amount: 1500,
    type: "recurring",
    recurring_interval: "month",
    ...changes,
  });
  return { mode: "subscription", line_items: [{ price_id: price.id, quantity: 1 }] };
}

/** Checks a document: nothing serious by axe, nothing that must be scrolled to from the side. */
async function check(frame, name) {
  await frame.evaluate(axe);
  const found = await frame.evaluate(async () => {
    const { violations } = await window.axe.run(document, { iframes: false, resultTypes: ["violations"] });
    return {
      violations: violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]),
      overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    };
  });
  assert.deepEqual(found, { violations: [], overflow: 0 }, name);
}

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [language, locale] of Object.entries(LOCALES)) {
      const options = { viewport, colorScheme, locale };
      const path = (state, how) => `${artifacts}/${state}-${how}-${size}-${colorScheme}-${language}.png`;

      test(`every state as a full page: ${size}, ${colorScheme}, ${language}`, async (t) => {
        const page = await world.page(t, options);
        for (const [state, { session, before, act, ready, blocks }] of Object.entries(STATES)) {
          const changes = typeof session === "function" ? await session() : session;
          // Where it is paid there is no shop to go to, so that the page is seen.
          const urls = act ? {} : { success_url: "https://shop.example/ok", cancel_url: "https://shop.example/no" };
          const created = await world.session({ ...urls, ...changes });
          await before?.(created.session.id);
          if (blocks) await page.route(blocks, (route) => route.abort());
          await page.goto(created.url);
          await act?.(page);
          await page.locator(ready).first().waitFor();
          await page.screenshot({ path: path(state, "page"), fullPage: true });
          await check(page.mainFrame(), `${state} as a page`);
          if (blocks) await page.unroute(blocks);
        }
        await page.goto(`${world.url}/checkout/cs_none?token=x`);
        await page.locator(".panel.bad").waitFor();
        await page.screenshot({ path: path("missing", "page"), fullPage: true });
        await check(page.mainFrame(), "missing");
      });

      test(`every state in the overlay: ${size}, ${colorScheme}, ${language}`, async (t) => {
        const shop = await world.shop(t);
        const urls = { success_url: `${shop.origin}/thanks`, cancel_url: `${shop.origin}/cart` };
        const page = await world.page(t, options);
        const open = async (url) => {
          await page.goto(shop.origin);
          await page.evaluate((url) => void FastStar.checkout.open({ url }), url);
        };
        for (const [state, { session, before, act, ready, blocks }] of Object.entries(STATES)) {
          const changes = typeof session === "function" ? await session() : session;
          const created = await world.session({ presentation: "iframe", ...urls, ...changes });
          await before?.(created.session.id);
          if (blocks) await page.route(blocks, (route) => route.abort());
          await open(created.url);
          const root = page.frameLocator("iframe");
          await act?.(root);
          await root.locator(ready).first().waitFor();
          await page.locator("dialog .note").waitFor({ state: "hidden" });
          await page.screenshot({ path: path(state, "overlay") });
          await check(page.frames()[1], `${state} in the overlay`);
          if (blocks) await page.unroute(blocks);
        }
        await page.clock.install();
        await page.route("**/checkout/**", () => {});
        const { url } = await world.session({ presentation: "iframe", ...urls });
        await open(url);
        await page.locator(".spinner").waitFor();
        await page.screenshot({ path: path("loading", "overlay") });
        await check(page.mainFrame(), "the overlay while it loads");
        await page.clock.fastForward(21_000);
        await page.locator(".retry").waitFor();
        await page.screenshot({ path: path("failed", "overlay") });
        await check(page.mainFrame(), "the overlay that failed");
      });
    }
  }
}
