// Sessions, and what has happened to one.

import { h } from "../common/dom";
import { get, type Page, post, type Session, type SessionDetail, type Step } from "./api";
import { deliveries, eventBody, eventName } from "./events";
import { money, time } from "./format";
import { action, choice, copied, empty, facts, field, form, options, state } from "./parts";

import type { Amount } from "../common/json";
import type { View } from "./view";

let shown = "";
let limit = 50;

const list = async (): Promise<Page<Session>> => get(`/console/v1/sessions?limit=${limit}`);

export function sessionsView(id: string | undefined, refresh: () => void): View {
  return {
    title: "Sessions",
    hasDetail: id !== undefined,
    load: async () => ({
      page: await list(),
      detail: id && (await get<SessionDetail>(`/console/v1/sessions/${encodeURIComponent(id)}`)),
    }),
    list: ({ page }) => rows(page, id, refresh),
    detail: ({ detail }) =>
      detail ? one(detail) : empty("No session chosen", "Choose one to see what has happened to it."),
  };
}

function rows(page: Page<Session>, chosen: string | undefined, refresh: () => void): Node[] {
  const choose = (value: string): void => {
    shown = value;
    refresh();
  };
  const filter: [string, string][] = [
    ["", "All"],
    ["open", "Open"],
    ["complete", "Complete"],
    ["expired", "Expired"],
  ];
  const items = page.items.filter((session) => !shown || session.status === shown);
  const more = page.next_cursor && limit < 100;
  return [
    h("div", { class: "tools" }, choice("State", filter, shown, choose)),
    items.length
      ? h("ul", { class: "rows", "data-scroll": true }, items.map((session) => row(session, chosen)))
      : empty(
          shown ? `No ${shown} session` : "No session yet",
          shown
            ? "Others are there; look at all of them."
            : "Create one with your server, or buy something in the demo shop.",
          h("a", { class: "button", href: "/shop", target: "_blank" }, "Open the demo shop"),
        ),
    more
      ? h(
          "button",
          {
            type: "button",
            class: "more",
            click: () => {
              limit = 100;
              refresh();
            },
          },
          "Show older ones",
        )
      : page.next_cursor
        ? h("p", { class: "more quiet" }, "The 100 newest are shown. An older one opens at #/sessions/<id>.")
        : "",
  ].filter((part): part is HTMLElement => part !== "");
}

function row(session: Session, chosen: string | undefined): HTMLElement {
  const about = session.client_reference_id ?? session.customer_email ?? session.id;
  return h(
    "li",
    {},
    h(
      "a",
      {
        id: `row-${session.id}`,
        href: `#/sessions/${session.id}`,
        "aria-current": session.id === chosen ? "true" : null,
      },
      h(
        "span",
        { class: "first" },
        h("span", { class: "amount" }, money(session.amount_total, session.currency, session.decimals)),
        state(session.status),
      ),
      h(
        "span",
        { class: "second" },
        h("span", { class: "about" }, about),
        h("span", { class: "nowrap" }, [session.mode, session.buyer_country].filter(Boolean).join(" · ")),
        time(session.created_at),
      ),
    ),
  );
}

function one({ session, quote, timeline }: SessionDetail): HTMLElement {
  const amount = (value: Amount): string => money(value, session.currency, session.decimals);
  const tax = quote.lines.find((line) => line.tax_name)?.tax_name;
  const behaviour = quote.behaviour === "inclusive" ? "included" : "on top";
  const named = tax ? `Tax (${tax}, ${behaviour})` : "Tax";
  const taxLabel = quote.rate_known ? named : `Tax (no rate for ${session.buyer_country} in the table)`;
  return h(
    "article",
    { class: "detail" },
    h(
      "header",
      {},
      h("p", { class: "total" }, amount(session.amount_total), state(session.status)),
      h("h2", { id: "detail-title", tabindex: -1 }, copied(session.id, "the session's id")),
    ),
    session.status === "open" ? actions(session.id) : "",
    h("h3", {}, "What has happened"),
    h("ol", { class: "timeline" }, timeline.map(step)),
    h("h3", {}, "Lines"),
    h(
      "div",
      { class: "wide", tabindex: 0, role: "region", "aria-label": "Lines" },
      h(
        "table",
        {},
        h("tbody", {}, [
          ...quote.lines.map((line) =>
            h(
              "tr",
              {},
              h("td", {}, line.description ?? "Ad hoc amount"),
              h("td", { class: "number" }, `${line.quantity} × ${amount(line.unit_amount)}`),
              h("td", { class: "number" }, amount(line.amount)),
            ),
          ),
          sum("Subtotal", amount(session.amount_subtotal)),
          sum(taxLabel, amount(session.amount_tax)),
          sum("Total", amount(session.amount_total), "strong"),
        ]),
      ),
    ),
    h("h3", {}, "Facts"),
    facts([
      ["Mode", session.mode],
      ["Opens as", session.presentation],
      ["Payment", session.payment_status],
      ["Country", session.buyer_country ?? "not named yet"],
      ["E-mail", session.customer_email],
      ["Reference", session.client_reference_id && copied(session.client_reference_id, "the reference")],
      ["Card", session.payment_method && `${session.payment_method.brand} •••• ${session.payment_method.last4}`],
      ["Payment id", session.payment_intent_id && copied(session.payment_intent_id, "the payment's id")],
      ["Subscription", session.subscription_id && copied(session.subscription_id, "the subscription's id")],
      ["Saved card", session.setup_intent_id && copied(session.setup_intent_id, "the setup intent's id")],
      ["Success URL", session.success_url],
      ["Cancel URL", session.cancel_url],
      ["Created", time(session.created_at, true)],
      ["Expires", time(session.expires_at, true)],
    ]),
  );
}

function sum(label: string, value: string, kind = ""): HTMLElement {
  return h(
    "tr",
    { class: `sum ${kind}` },
    h("th", { scope: "row", colspan: 2 }, label),
    h("td", { class: "number" }, value),
  );
}

function actions(id: string): HTMLElement {
  const path = `/sandbox/v1/sessions/${encodeURIComponent(id)}`;
  const card = h(
    "select",
    { id: "complete-card", name: "card" },
    options([
      ["success", "a card that pays"],
      ["declined", "a card that is declined"],
      ["authentication", "a card that asks for authentication"],
      ["approved", "the same, authenticated"],
      ["failed", "the same, not authenticated"],
    ]),
  );
  const complete = async (fields: FormData): Promise<string> => {
    const chosen = String(fields.get("card"));
    const isAnswer = chosen === "approved" || chosen === "failed";
    await post(
      `${path}/complete`,
      isAnswer ? { card: "authentication", authentication: chosen } : { card: chosen },
    );
    return "Session completed";
  };
  const open = async (): Promise<void> => {
    const { url } = await post<{ url: string }>(`/console/v1/sessions/${encodeURIComponent(id)}/url`);
    window.open(url, "_blank", "noopener");
  };
  return h(
    "div",
    { class: "actions" },
    form(
      complete,
      { class: "inline" },
      field("Pay with", card),
      h("button", { type: "submit", class: "primary", id: "complete" }, "Complete"),
    ),
    action("Open the cashier", open, { id: "open-cashier" }),
    action(
      "Expire",
      async () => {
        await post(`${path}/expire`);
        return "Session expired";
      },
      { id: "expire", class: "danger" },
    ),
  );
}

/** Shows a card by what is known of it: brand and last four digits. */
function cardName(card: string): string {
  return card.replace(/ (\d{4})$/, " •••• $1");
}

const WORDS: Record<string, (detail: string) => [string, string]> = {
  created: (country) => ["Created", country && `for a buyer in ${country}`],
  country_named: (country) => [`Country named: ${country}`, "the totals were computed anew"],
  authentication_required: (card) => ["The bank asked for authentication", cardName(card)],
  declined: (card) => ["Card declined", cardName(card)],
  completed: (card) => ["Completed", cardName(card)],
  expired: () => ["Expired", ""],
  template_in_url: (place) => [
    `Not filled in: ${place}`,
    "Return URLs are used as they stand; put your own order's number in them.",
  ],
};

function step(entry: Step): HTMLElement {
  if (entry.event) {
    const { event } = entry.event;
    return h(
      "li",
      { class: "event" },
      time(entry.at),
      h(
        "div",
        {},
        h("p", {}, eventName(event.type)),
        deliveries(entry.event),
        h("details", { id: `more-${event.id}` }, h("summary", {}, "Payload and signature"), eventBody(entry.event)),
      ),
    );
  }
  const [title, more] = WORDS[entry.kind]?.(entry.detail ?? "") ?? [entry.kind, entry.detail ?? ""];
  return h(
    "li",
    { class: entry.kind },
    time(entry.at),
    h("div", {}, h("p", { class: "strong" }, title), more ? h("p", { class: "quiet" }, more) : ""),
  );
}
