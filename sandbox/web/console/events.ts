// Events, and each attempt to deliver them.

import { h } from "../common/dom";
import { type Attempt, get, type ListedEvent, type Page, post } from "./api";
import { json, time } from "./format";
import { action, choice, copied, empty, httpStatus, state } from "./parts";
import type { View } from "./view";

let shown = "";

export function eventsView(refresh: () => void): View {
  return {
    title: "Events",
    hasDetail: false,
    load: () => get<Page<ListedEvent>>(`/sandbox/v1/events?limit=100${shown && `&state=${shown}`}`),
    list: (page) => all(page as Page<ListedEvent>, refresh),
  };
}

function all(page: Page<ListedEvent>, refresh: () => void): Node[] {
  const choose = (value: string): void => {
    shown = value;
    refresh();
  };
  const filter: [string, string][] = [
    ["", "All"],
    ["pending", "Pending"],
    ["delivered", "Delivered"],
    ["parked", "Parked"],
  ];
  return [
    h("div", { class: "tools" }, choice("Delivery", filter, shown, choose)),
    page.items.length
      ? h("ul", { class: "cards" }, page.items.map(card))
      : empty(
          shown ? `No event has a ${shown} delivery` : "No event yet",
          shown ? "Look at all of them." : "A payment, a decline and a subscription write one.",
        ),
    page.next_cursor ? h("p", { class: "more quiet" }, "The 100 newest are shown.") : "",
  ].filter((part): part is HTMLElement => part !== "");
}

function card(listed: ListedEvent): HTMLElement {
  const { event } = listed;
  const session = event.data["checkout_session_id"];
  return h(
    "li",
    { class: "card" },
    h(
      "header",
      {},
      h("h2", {}, eventName(event.type)),
      time(new Date(event.created * 1000).toISOString(), true),
    ),
    h(
      "p",
      { class: "quiet spread" },
      copied(event.id, "the event's id"),
      typeof session === "string" ? h("a", { href: `#/sessions/${session}` }, "Open its session") : "",
    ),
    deliveries(listed),
    h("details", { id: `more-${event.id}` }, h("summary", {}, "Payload and signature"), eventBody(listed)),
  );
}

export function eventName(type: string): HTMLElement {
  const kind = /failed|canceled/.test(type) ? "bad" : type === "payment.succeeded" ? "good" : "";
  return h("span", { class: `event-name ${kind}` }, type);
}

/** Shows where an event went, each attempt, and a button that sends it again. */
export function deliveries({ event, deliveries }: ListedEvent): HTMLElement {
  const resend = action(
    "Resend",
    async () => {
      await post(`/sandbox/v1/events/${encodeURIComponent(event.id)}/resend`);
      return "It is sent again";
    },
    { class: "small", "aria-label": `Resend ${event.type}`, id: `resend-${event.id}` },
  );
  return h(
    "div",
    { class: "deliveries" },
    deliveries.length
      ? deliveries.map((delivery) =>
          h(
            "div",
            { class: "delivery" },
            h("p", { class: "spread" }, h("code", {}, delivery.url), state(delivery.state)),
            h("ol", { class: "attempts" }, delivery.attempts.map(attempt)),
            delivery.next_attempt_at
              ? h("p", { class: "quiet" }, "Next attempt ", time(delivery.next_attempt_at, true))
              : "",
          ),
        )
      : h("p", { class: "quiet" }, "No webhook endpoint wants it. Add one under Set-up, and resend."),
    resend,
  );
}

function attempt(made: Attempt): HTMLElement {
  return h(
    "li",
    {},
    httpStatus(made.status),
    time(made.at),
    h("span", { class: "quiet" }, `${made.duration_ms} ms`),
    made.error ? h("span", { class: "bad" }, made.error) : "",
  );
}

/** Shows what was sent, laid out to be read, and how each attempt was signed. */
export function eventBody({ event, deliveries }: ListedEvent): HTMLElement {
  const signed = deliveries.flatMap((delivery) => delivery.attempts.filter((made) => made.signature));
  return h(
    "div",
    { class: "sent" },
    json(event),
    signed.length ? h("p", { class: "label" }, "X-Webhook-Signature of each attempt") : "",
    h("ol", { class: "signatures" }, signed.map((made) => h("li", {}, time(made.at), h("code", {}, made.signature)))),
  );
}
