// What the buyer's page shows and does, as a full page.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CARD, fill, setUp } from "./support.js";

const world = setUp();

const payButton = (page) => page.getByRole("button", { name: /^Pay / });
const row = (page, name) => page.locator(".totals div", { hasText: name }).locator("dd");

async function recurring(changes) {
  const product = await world.api("/api/v1/merchant/catalog/products", { name: "Tea club" });
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

test("a German buyer sees the tax that the price contains, and pays once", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  await page.getByRole("heading", { level: 1, name: "Pay €53.00" }).waitFor();
  await page.getByText("Linen shirt, blue").waitFor();
  await page.getByText("2 × €12.00").waitFor();
  assert.equal(await row(page, "Includes 19% VAT").textContent(), "€8.46");
  assert.equal(await row(page, "Total").last().textContent(), "€53.00");
  assert.equal(await page.getByLabel("E-mail").inputValue(), "ada@example.com");
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
  await page.getByText("€53.00 was paid with Visa ending in 4242").waitFor();
  const paid = await world.retrieve(session.id);
  assert.deepEqual([paid.status, paid.payment_status], ["complete", "paid"]);
  assert.deepEqual(page.errors, []);
});

test("a place without a tax rate is said to have none, and stops no sale", async (t) => {
  const { session, url } = await world.session({ buyer_country: undefined });
  const page = await world.page(t);
  await page.goto(url);
  await page.getByLabel("Country").selectOption("AF");
  await page.getByText("no rate for this place").waitFor();
  await page.getByText("The sandbox has no tax rate for this place").waitFor();
  await page.getByRole("button", { name: /^Pay / }).waitFor();
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.getByText("Payment successful").waitFor();
  const paid = await world.retrieve(session.id);
  assert.deepEqual([paid.status, paid.buyer_country, paid.rate_known], ["complete", "AF", false]);
  assert.equal(paid.amount_total, paid.amount_subtotal);
  assert.deepEqual(page.errors, []);
});

test("the server computes the totals anew where the buyer names a place", async (t) => {
  const { session, url } = await world.session({ buyer_country: undefined });
  const page = await world.page(t);
  await page.goto(url);
  await page.getByText("depends on your country").waitFor();
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.getByText("Choose your country, so that").waitFor();
  await page.getByLabel("Country").selectOption("US");
  await page.getByRole("button", { name: "Pay €57.24" }).waitFor();
  await page.getByLabel("State or region").selectOption({ label: "California" });
  await page.getByRole("button", { name: "Pay €56.84" }).waitFor();
  assert.equal(await row(page, "Plus 7.25% sales tax").textContent(), "€3.84");
  assert.equal((await world.retrieve(session.id)).buyer_country, "US-CA");
  // What was typed is still there.
  assert.equal(await page.getByLabel("Card number").inputValue(), CARD.pays);
  await page.getByLabel("Country").selectOption("FR");
  await page.getByText("Includes 20% VAT").waitFor();
  assert.equal(await page.getByLabel("State or region").count(), 0);
});

test("the last place that was named counts, whichever answer comes last", async (t) => {
  const { url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/country", async (route) => {
    const answer = await route.fetch();
    if (route.request().postDataJSON().buyer_country === "US") await held;
    await route.fulfill({ response: answer }).catch(() => {});
  });
  await page.getByLabel("Country").selectOption("US");
  await page.getByText("Computing the total…").waitFor();
  await page.getByLabel("Country").selectOption("FR");
  await page.getByText("Includes 20% VAT").waitFor();
  release();
  assert.equal(await page.getByLabel("Country").inputValue(), "FR");
  assert.equal(await payButton(page).textContent(), "Pay €53.00");
});

test("a declined card leaves all as it was, and the next one pays", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  await fill(page, CARD.declined);
  await payButton(page).click();
  await page.getByRole("alert").filter({ hasText: "The card was declined" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "number");
  assert.equal((await world.retrieve(session.id)).status, "open");
  await page.getByRole("button", { name: "Pays Visa 4242" }).click();
  await payButton(page).click();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
});

test("the bank asks, and its answer counts", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  const ask = async () => {
    await fill(page, CARD.asks);
    await payButton(page).click();
    await page.getByRole("heading", { name: "Your bank asks: is it you?" }).waitFor();
  };
  await ask();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  await page.getByRole("button", { name: "Use another card" }).click();
  await ask();
  await page.getByRole("button", { name: "No, refuse" }).click();
  await page.getByRole("alert").filter({ hasText: "declined" }).waitFor();
  await ask();
  const pays = [];
  page.on("request", (request) => request.url().endsWith("/pay") && pays.push(request));
  await page.getByRole("button", { name: "Yes, approve" }).dblclick();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
  assert.equal(pays.length, 1);
  assert.equal((await world.retrieve(session.id)).payment_method.last4, "3155");
});

test("while the bank's answer is under way, another card is not offered", async (t) => {
  const { url } = await world.session();
  const page = await world.page(t);
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await page.goto(url);
  await fill(page, CARD.asks);
  await payButton(page).click();
  await page.getByRole("heading", { name: "Your bank asks: is it you?" }).waitFor();
  await page.route("**/pay", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("button", { name: "Yes, approve" }).click();
  const other = page.getByRole("button", { name: "Use another card" });
  assert.equal(await other.getAttribute("aria-disabled"), "true");
  await other.click({ force: true });
  await page.getByRole("heading", { name: "Your bank asks: is it you?" }).waitFor();
  answer();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
});

test("an address that the shop has sent is good, though the browser knows it not", async (t) => {
  const { session, url } = await world.session({ customer_email: "jörg@example.com" });
  const page = await world.page(t);
  await page.goto(url);
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
  assert.equal((await world.retrieve(session.id)).customer_email, "jörg@example.com");
});

test("mistakes are told beside their fields, the first one has the focus", async (t) => {
  const { url } = await world.session({ customer_email: undefined });
  const page = await world.page(t);
  await page.goto(url);
  await page.getByLabel("E-mail").fill("nobody");
  await page.getByLabel("Expiry").fill("1220");
  await payButton(page).click();
  for (const [label, text] of [
    ["E-mail", "Enter an e-mail address"],
    ["Card number", "Enter one of the test cards"],
    ["Expiry", "Enter a month and year to come"],
    ["Security code", "Enter the 3 or 4 digits"],
  ]) {
    const field = page.getByLabel(label);
    assert.equal(await field.getAttribute("aria-invalid"), "true", label);
    const described = await field.getAttribute("aria-describedby");
    assert.match(await page.locator(`#${described}`).textContent(), new RegExp(text));
  }
  assert.equal(await page.evaluate(() => document.activeElement.id), "email");
  await page.getByLabel("E-mail").fill("ada@example.com");
  assert.equal(await page.getByLabel("E-mail").getAttribute("aria-invalid"), null);
});

test("a mistake that only the server sees is told beside its field too", async (t) => {
  const { url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  await page.getByLabel("E-mail").fill(`${"a".repeat(250)}@example.com`);
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.locator("#email-error", { hasText: "Enter an e-mail address" }).waitFor();
});

test("a subscription says its period, its trial and its next charge", async (t) => {
  const { session, url } = await world.session(await recurring({ trial_period_days: 14 }));
  const page = await world.page(t);
  await page.goto(url);
  await page.getByRole("heading", { level: 1, name: "Subscribe €15.00 per month" }).waitFor();
  await page.getByText("per month · 14 days free").waitFor();
  assert.equal(await row(page, "Due today").textContent(), "€0.00");
  await page.getByText(/^Then €15\.00 per month\. Next charge on \d+ \w+ \d{4}\./).waitFor();
  await fill(page, CARD.pays);
  await page.getByRole("button", { name: "Start the trial" }).click();
  await page.getByRole("heading", { name: "Subscription started" }).waitFor();
  await page.getByText(/^Free until \d+ \w+ \d{4}\.$/).waitFor();
  assert.equal((await world.retrieve(session.id)).payment_status, "no_payment_required");
});

test("a subscription without a trial charges at once", async (t) => {
  const { session, url } = await world.session(await recurring({ recurring_interval_count: 3 }));
  const page = await world.page(t);
  await page.goto(url);
  await fill(page, CARD.pays);
  await page.getByRole("heading", { name: "€15.00 every 3 months" }).waitFor();
  await page.getByRole("button", { name: "Subscribe for €15.00" }).click();
  await page.getByText("€15.00 was paid with Visa").waitFor();
  assert.equal((await world.retrieve(session.id)).payment_status, "paid");
});

test("a card is saved, and nothing is charged", async (t) => {
  const { session, url } = await world.session({ mode: "setup", line_items: undefined });
  const page = await world.page(t);
  await page.goto(url);
  await page.getByText("Nothing is charged today.").waitFor();
  assert.equal(await page.getByLabel("Country").count(), 0);
  await fill(page, CARD.asks);
  await page.getByRole("button", { name: "Save card" }).click();
  await page.getByText("ending in 3155 be saved").waitFor();
  await page.getByRole("button", { name: "Yes, approve" }).click();
  await page.getByRole("heading", { name: "Card saved" }).waitFor();
  assert.equal((await world.retrieve(session.id)).status, "complete");
});

test("amounts have their currency's decimals and all of their digits", async (t) => {
  const cases = [
    ["JPY", 5300, "JP¥5,300"],
    ["KWD", 1234567, "KWD 1,234.567"],
    ["USD", "9007199254740993", "US$90,071,992,547,409.93"],
    ["USD", "9223372036854775807", "US$92,233,720,368,547,758.07"],
  ];
  for (const [ad_hoc_currency, amount, text] of cases) {
    const raw = JSON.stringify({
      mode: "payment",
      presentation: "link",
      line_items: [{ ad_hoc_amount: "AMOUNT", ad_hoc_currency, quantity: 1 }],
    }).replace('"AMOUNT"', String(amount));
    const made = await fetch(`${world.url}/api/v1/public/checkout/sessions`, {
      method: "POST",
      headers: { "X-API-Key": world.api_key, "Content-Type": "application/json" },
      body: raw,
    });
    const { url, session } = (await made.json()).data;
    const page = await world.page(t, { viewport: { width: 320, height: 640 } });
    await page.goto(url);
    const heading = page.getByRole("heading", { level: 1 });
    await heading.waitFor();
    assert.equal((await heading.textContent()).replaceAll("\u00a0", " "), `Pay ${text}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    // The digits that were shown are the ones that are sent back.
    await page.getByLabel("Country").selectOption("AE");
    await page.getByText("Includes 5% VAT").waitFor();
    await fill(page, CARD.pays);
    await payButton(page).click();
    await page.getByRole("heading", { name: "Payment successful" }).waitFor();
    assert.equal((await world.retrieve(session.id)).status, "complete");
  }
});

test("amounts, dates and words are the buyer's, and the buyer may choose", async (t) => {
  const { url } = await world.session();
  const french = await world.page(t, { locale: "fr-FR" });
  await french.goto(url);
  // No French words, but French amounts.
  assert.match(await payButton(french).textContent(), /^Pay 53,00\s€$/);
  const chinese = await world.page(t, { locale: "zh-CN" });
  await chinese.goto(url);
  await chinese.getByRole("button", { name: "支付 €53.00" }).waitFor();
  await chinese.getByText("含 19% 增值税").waitFor();
  assert.equal(await chinese.evaluate(() => document.documentElement.lang), "zh-Hans");
  await fill(chinese, CARD.pays);
  await chinese.getByLabel("语言").selectOption("en");
  await payButton(chinese).waitFor();
  assert.equal(await chinese.getByLabel("Card number").inputValue(), CARD.pays);
  assert.equal(await chinese.evaluate(() => document.activeElement.getAttribute("aria-label")), "Language");
});

test("what was said of the form is said in the other language too", async (t) => {
  const { url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  await page.getByLabel("Card number").fill("1");
  await payButton(page).click();
  await page.getByText("Some fields need your attention.").waitFor();
  await page.getByLabel("Language").selectOption("zh");
  await page.getByText("请检查填写的内容。").waitFor();
  await page.getByText("请使用测试卡；沙盒不接受其他卡。").waitFor();
  // What was mended is not complained of again.
  await page.getByLabel("卡号").fill(CARD.pays);
  await page.getByLabel("语言").selectOption("en");
  await page.getByText("Some fields need your attention.").waitFor();
  assert.equal(await page.getByText("The sandbox takes no other.").count(), 0);

  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/country", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByLabel("Country").selectOption("FR");
  await page.getByLabel("Language").selectOption("zh");
  await page.getByRole("button", { name: "正在计算" }).waitFor();
  release();
  await page.getByText("含 20% 增值税").waitFor();
});

test("a redirect goes to the stored URL once it is paid", async (t) => {
  const shop = await world.shop(t);
  const { url } = await world.session({ success_url: `${shop.origin}/thanks?order=1`, cancel_url: `${shop.origin}/cart` });
  const page = await world.page(t);
  await page.goto(url);
  assert.equal(await page.getByRole("link", { name: "Back to the shop" }).getAttribute("href"), `${shop.origin}/cart`);
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.waitForURL(`${shop.origin}/thanks?order=1`);
  assert.equal(await page.evaluate(() => document.referrer), "");
  // Coming back does not pay again, and shows the way on.
  await page.goto(url);
  await page.getByRole("heading", { name: "This order is already paid" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Continue to the shop" }).getAttribute("href"), `${shop.origin}/thanks?order=1`);
});

test("an expired session says so, also where it expires under the buyer's hands", async (t) => {
  const { session, url } = await world.session({ cancel_url: "https://shop.example/cart" });
  const page = await world.page(t);
  await page.goto(url);
  await fill(page, CARD.pays);
  await world.api(`/sandbox/v1/sessions/${session.id}/expire`, {});
  await payButton(page).click();
  await page.getByRole("heading", { name: "This checkout has expired" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Back to the shop" }).waitFor();
});

test("a double click, a key held down and a slow answer pay once", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  let pays = 0;
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/pay", async (route) => {
    pays += 1;
    await held;
    await route.continue();
  });
  await page.goto(url);
  await fill(page, CARD.pays);
  await payButton(page).dblclick();
  await page.getByRole("button", { name: "Working…" }).waitFor();
  await page.getByLabel("Security code").press("Enter");
  await page.evaluate(() => document.querySelector("form").requestSubmit());
  release();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
  assert.equal(pays, 1);
  assert.equal(await succeeded(session.id), 1);
});

test("two tabs pay once, and both say so", async (t) => {
  const { session, url } = await world.session();
  const tabs = [await world.page(t), await world.page(t)];
  for (const tab of tabs) {
    await tab.goto(url);
    await fill(tab, CARD.pays);
  }
  await Promise.all(tabs.map((tab) => payButton(tab).click()));
  for (const tab of tabs) {
    await tab.getByRole("heading", { name: /^(Payment successful|This order is already paid)$/ }).waitFor();
  }
  assert.equal(await succeeded(session.id), 1);
});

test("a tab does not pay a total that another tab has changed", async (t) => {
  const { session, url } = await world.session();
  const [one, two] = [await world.page(t), await world.page(t)];
  for (const tab of [one, two]) await tab.goto(url);
  await fill(one, CARD.pays);
  await two.getByLabel("Country").selectOption("US");
  await two.getByRole("button", { name: "Pay €57.24" }).waitFor();
  await payButton(one).click();
  await one.getByRole("alert").filter({ hasText: "The total has changed" }).waitFor();
  assert.equal((await world.retrieve(session.id)).status, "open");
  await one.getByRole("button", { name: "Pay €57.24" }).click();
  await one.getByRole("heading", { name: "Payment successful" }).waitFor();
});

test("an answer that is lost is asked for again under the same key", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  const keys = [];
  await page.route("**/pay", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    // Paid, and nobody hears of it.
    await route.fetch();
    if (keys.length === 1) return route.abort();
    return route.continue();
  });
  await page.goto(url);
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
  assert.equal(keys.length, 2);
  assert.equal(new Set(keys).size, 1);
  assert.equal(await succeeded(session.id), 1);
});

test("a payment that nobody answers keeps its key when the buyer tries again", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  const keys = [];
  let isHeard = false;
  await page.route("**/pay", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    if (isHeard) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.goto(url);
  await fill(page, CARD.pays);
  await payButton(page).click();
  await page.getByRole("alert").filter({ hasText: "you will not be charged twice" }).waitFor();
  isHeard = true;
  await payButton(page).click();
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
  assert.equal(new Set(keys).size, 1);
  assert.equal(await succeeded(session.id), 1);
});

test("a sandbox that is gone is told, and asked again", async (t) => {
  const { url } = await world.session();
  const page = await world.page(t);
  await page.route("**/cashier/v1/**", (route) => route.abort());
  await page.goto(url);
  await page.getByRole("heading", { name: "The checkout did not load" }).waitFor();
  await page.unroute("**/cashier/v1/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await payButton(page).waitFor();
  await page.route("**/country", (route) => route.abort());
  await page.getByLabel("Country").selectOption("FR");
  await page.getByRole("alert").filter({ hasText: "did not answer" }).waitFor();
  await page.unroute("**/country");
  // The field says what the total is for.
  assert.equal(await page.getByLabel("Country").inputValue(), "DE");
});

test("a tab that is looked at again knows what happened meanwhile", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  await payButton(page).waitFor();
  await world.api(`/sandbox/v1/sessions/${session.id}/complete`, {});
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.getByRole("heading", { name: "This order is already paid" }).waitFor();
});

test("the keyboard alone pays", async (t) => {
  const { url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  await payButton(page).waitFor();
  const seen = [];
  for (let step = 0; step < 30; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    seen.push(at);
    if (at === "number") await page.keyboard.type("4242424242424242");
    if (at === "expiry") await page.keyboard.type("1240");
    if (at === "cvc") {
      await page.keyboard.type("123");
      break;
    }
  }
  assert.deepEqual(seen.filter((at) => ["email", "country", "number", "expiry", "cvc"].includes(at)), [
    "email",
    "country",
    "number",
    "expiry",
    "cvc",
  ]);
  assert.equal(await page.getByLabel("Expiry").inputValue(), "12 / 40");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Payment successful" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
});

async function succeeded(session) {
  const { items } = await world.api("/sandbox/v1/events?limit=100");
  return items.filter(
    ({ event }) => event.type === "payment.succeeded" && event.data.checkout_session_id === session,
  ).length;
}
