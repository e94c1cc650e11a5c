// Every state, in the overlay and as a full page, on phones and a desktop, light and dark, in both
// languages: it fits, axe finds nothing serious, and a screenshot is kept in artifacts/browser.
import { test } from "node:test";

import { checkAccess, checkWidth, picture, setUp, SIZES } from "./support.js";

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

/** Looks at what is on the page in every size and colour. Axe is slow: it sees the
 * smallest and the largest, and both colours. */
async function look(page, frame, name, language, options) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const told = `${name}-${size}-${colorScheme}-${language}`;
      await picture(page, told, options);
      await checkWidth(frame, told);
      const isSeen = colorScheme === (size === "desktop" ? "light" : "dark");
      if (isSeen && ["phone320", "desktop"].includes(size)) await checkAccess(frame, told);
    }
  }
}

for (const [language, locale] of Object.entries(LOCALES)) {
  test(`every state as a full page, ${language}`, async (t) => {
    const page = await world.page(t, { locale });
    const seen = (name) => look(page, page.mainFrame(), `${name}-page`, language, { fullPage: true });
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
      await seen(state);
      if (blocks) await page.unroute(blocks);
    }
    await page.goto(`${world.url}/checkout/cs_none?token=x`);
    await page.locator(".panel.bad").waitFor();
    await seen("missing");
  });

  test(`every state in the overlay, ${language}`, async (t) => {
    const shop = await world.shop(t);
    const urls = { success_url: `${shop.origin}/thanks`, cancel_url: `${shop.origin}/cart` };
    const page = await world.page(t, { locale });
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
      await look(page, page.frames()[1], `${state}-overlay`, language);
      if (blocks) await page.unroute(blocks);
    }
    await page.clock.install();
    await page.route("**/checkout/**", () => {});
    const { url } = await world.session({ presentation: "iframe", ...urls });
    await open(url);
    await page.locator(".spinner").waitFor();
    await look(page, page.mainFrame(), "loading-overlay", language);
    await page.clock.fastForward(21_000);
    await page.locator(".retry").waitFor();
    await look(page, page.mainFrame(), "failed-overlay", language);
  });
}
