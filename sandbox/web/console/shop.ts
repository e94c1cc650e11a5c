// The demo shop: it asks its server for an order, and opens the cashier as an overlay or as a page.
/// <reference path="../sdk/faststar.d.ts" />

import { h, icon } from "../common/dom";
import { enter, get, merchant, type Merchant, post, type SessionDetail, watch } from "./api";
import { money, time } from "./format";
import { action, empty, field, icons, options, state } from "./parts";
import { replace } from "./replace";

interface Good {
  id: string;
  name: string;
  description: string;
  amount: number;
  currency: string;
  decimals: number;
  monthly: boolean;
}

interface Order {
  order: string;
  session_id: string;
  url: string;
}

const ORDERS = "faststar-demo-orders";
const PICTURES: Record<string, string> = {
  mug: "M5 7h10v9a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3zM15 9h2a2 2 0 0 1 0 6h-2M10 10c.3 1.6.8 2.200 2.200 2.500-1.400.3-1.900.9-2.200 2.500-.3-1.600-.8-2.200-2.200-2.500 1.400-.3 1.900-.9 2.200-2.500z",
  chart: "M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18M3.500 9h17M3.500 15h17M12 3c-4 5-4 13 0 18M12 3c4 5 4 13 0 18",
  letters: "M3 6h18v12H3zM3 7l9 7 9-7",
};
const COUNTRIES: [string, string][] = [
  ["", "asked by the cashier"],
  ["US", "United States"],
  ["US-CA", "California"],
  ["DE", "Germany"],
  ["GB", "United Kingdom"],
  ["JP", "Japan"],
];

const main = h("main", { id: "main" });
const orders = h("section", { class: "order" });
const notice = h("div", { role: "status" });

function kept(): Order[] {
  try {
    return JSON.parse(sessionStorage.getItem(ORDERS) ?? "[]") as Order[];
  } catch {
    return [];
  }
}

async function buy(good: Good, presentation: "iframe" | "link"): Promise<void> {
  const country = document.querySelector<HTMLSelectElement>("#country")?.value;
  const order = await post<Order>("/console/v1/shop/orders", {
    item: good.id,
    quantity: 1,
    presentation,
    ...(country ? { buyer_country: country } : {}),
  });
  sessionStorage.setItem(ORDERS, JSON.stringify([order, ...kept()].slice(0, 5)));
  await showOrders();
  if (presentation === "link") {
    location.assign(order.url);
  } else {
    notice.replaceChildren();
    await FastStar.checkout.open({ url: order.url });
  }
}

function shown(good: Good): HTMLElement {
  const price = money(good.amount, good.currency, good.decimals) + (good.monthly ? " a month" : "");
  return h(
    "li",
    { class: "good-card" },
    h("div", { class: "picture" }, icon(PICTURES[good.id] ?? icons.shop)),
    h(
      "div",
      { class: "text" },
      h("h2", { id: `name-${good.id}` }, good.name),
      h("p", { class: "quiet" }, good.description),
      h("p", { class: "price" }, price),
      h(
        "div",
        { class: "buttons" },
        action("Buy here", () => buy(good, "iframe"), { class: "primary", id: `overlay-${good.id}`, "aria-describedby": `name-${good.id}` }),
        action("Buy on a page", () => buy(good, "link"), { id: `page-${good.id}`, "aria-describedby": `name-${good.id}` }),
      ),
    ),
  );
}

async function showOrders(): Promise<void> {
  const found = await Promise.all(
    kept().map(async (order) => {
      const path = `/console/v1/sessions/${encodeURIComponent(order.session_id)}`;
      const detail = await get<SessionDetail>(path).catch(() => undefined);
      return detail && orderCard(order, detail);
    }),
  );
  const known = found.filter((card): card is HTMLElement => card !== undefined);
  replace(orders, ...(known.length ? [h("h2", {}, "Your orders"), h("ul", { class: "cards" }, ...known)] : []));
}

function orderCard(order: Order, { session, timeline }: SessionDetail): HTMLElement {
  const isFulfilled = timeline.some((step) => step.event?.event.type === "payment.succeeded");
  const paid = session.status === "complete";
  return h(
    "li",
    { class: "card" },
    h(
      "p",
      { class: "spread" },
      h("span", { class: "amount" }, money(session.amount_total, session.currency, session.decimals)),
      state(session.status),
    ),
    h(
      "p",
      { class: "quiet" },
      isFulfilled
        ? "payment.succeeded was sent: a real shop fulfils now, and only now."
        : paid
          ? "Complete. Nothing was charged, so no payment.succeeded was sent."
          : session.status === "open"
            ? "Waiting for the payment."
            : "Too late: the session has expired.",
    ),
    h(
      "p",
      { class: "spread quiet" },
      h("code", { class: "break" }, order.order),
      time(session.created_at, true),
      h("a", { href: `/#/sessions/${session.id}` }, "In the console"),
    ),
  );
}

function note(text: string, kind = ""): void {
  notice.replaceChildren(h("p", { class: `notice ${kind}` }, text));
}

function noteReturn(): void {
  const back = new URLSearchParams(location.search).get("back");
  if (back === "success") note("Thank you. The cashier has sent you back; whether you paid, the webhook tells.", "good");
  if (back === "cancel") note("Nothing was bought. The cashier has sent you back.");
}

async function start(): Promise<void> {
  document.body.className = "shop";
  const logo = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "";
  document.body.append(
    h(
      "header",
      { class: "bar" },
      h("div", { class: "brand" }, h("img", { src: logo, alt: "", width: 28, height: 28 }), h("span", { class: "strong" }, "Observatory"), h("span", { class: "chip" }, "Demo shop")),
      h("a", { href: "/" }, "Console"),
    ),
    main,
    h("div", { id: "said", role: "status", "aria-live": "polite" }),
  );
  if (!(await enter())) {
    replace(main, h("h1", {}, "Demo shop"), empty("The shop is closed", "Open the console by the link that `faststar sandbox` printed, then come back."));
    return;
  }
  if (!merchant.get()) {
    const { items } = await get<{ items: Merchant[] }>("/console/v1/merchants");
    merchant.set(items.at(-1)?.id ?? "");
  }
  const { items } = await get<{ items: Good[] }>("/console/v1/shop/goods");
  replace(
    main,
    notice,
    h("h1", {}, "For people who look up"),
    h("p", { class: "lead" }, "A shop to try the cashier with. Its server, played by the sandbox, names the prices; this page only says what is bought."),
    h("div", { class: "options" }, field("Deliver to", h("select", { id: "country" }, options(COUNTRIES, "US")))),
    h("ul", { class: "goods" }, items.map(shown)),
    orders,
  );
  noteReturn();
  FastStar.on("checkout.success", () => {
    note("Thank you. The cashier says that you paid; a shop's server believes the webhook alone.", "good");
  });
  await showOrders();
  watch(() => void showOrders(), () => {});
}

void start();
