// What a merchant has set up: keys, endpoints, its clock, and what goes wrong on purpose.

import { h } from "../common/dom";
import { get, merchant, type MerchantDetail, post, remove } from "./api";
import { time } from "./format";
import { action, copied, facts, field, form, makeKey, options, reveal } from "./parts";
import type { View } from "./view";

export function setupView(refresh: () => void, reload: () => Promise<void>): View {
  return {
    title: "Set-up",
    hasDetail: false,
    load: () => get<MerchantDetail>("/console/v1/merchant"),
    list: (data) => [
      h(
        "div",
        { class: "grid" },
        h("div", { class: "column" }, keys(data, refresh), endpoints(data), merchants(data, reload)),
        h("div", { class: "column" }, clock(data), faults(data)),
      ),
    ],
  };
}

function card(title: string, text: string, ...children: (Node | string)[]): HTMLElement {
  return h("section", { class: "card" }, h("h2", {}, title), h("p", { class: "quiet" }, text), ...children);
}

function keys(data: MerchantDetail, refresh: () => void): HTMLElement {
  const showSecret = async (): Promise<void> => {
    const shown = await post<{ webhook_secret: string }>("/console/v1/webhook_secret");
    reveal("The webhook secret", [["Webhook secret", shown.webhook_secret]]);
  };
  return card(
    "Keys",
    "What your server needs. A key is shown once, when it is made.",
    facts([
      ["Base URL", copied(data.base_url, "the base URL")],
      ["Webhook secret", h("code", {}, data.webhook_secret)],
    ]),
    h(
      "ul",
      { class: "plain-list" },
      data.keys.map((key) =>
        h(
          "li",
          { class: "spread" },
          h("code", {}, key.hint || "a key of an older version"),
          h("span", { class: "quiet nowrap" }, time(key.created_at, true)),
        ),
      ),
    ),
    h(
      "div",
      { class: "buttons" },
      action("Make another key", () => makeKey().then(refresh), { class: "primary", id: "make-key" }),
      action("Show the webhook secret", showSecret, { id: "show-secret" }),
    ),
  );
}

function ahead(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
  ];
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return shown.length ? `${shown.join(" ")} ahead of this machine` : "as this machine's";
}

function clock(data: MerchantDetail): HTMLElement {
  const advance = async (by: string): Promise<string> => {
    await post("/sandbox/v1/clock/advance", { by });
    return `The clock was moved by ${by}`;
  };
  return card(
    "Clock",
    "Move it to see sessions expire and webhooks tried again. It only goes forward.",
    h("p", { class: "clock" }, time(data.now, true)),
    h("p", { class: "quiet" }, ahead(data.seconds_ahead)),
    h(
      "div",
      { class: "buttons" },
      [["30s", "30 s"], ["10m", "10 min"], ["1h", "1 hour"], ["25h", "25 hours"], ["30d", "30 days"]].map(
        ([by = "", label = ""]) => action(`+ ${label}`, () => advance(by), { id: `clock-${by}` }),
      ),
    ),
    form(
      (fields) => advance(String(fields.get("by"))),
      { class: "inline" },
      field("By", h("input", { id: "clock-by", name: "by", placeholder: "1d12h", required: true, size: 8 })),
      h("button", { type: "submit" }, "Move"),
    ),
  );
}

function endpoints(data: MerchantDetail): HTMLElement {
  const add = async (fields: FormData): Promise<string> => {
    const secret = String(fields.get("secret"));
    const url = String(fields.get("url"));
    await post("/sandbox/v1/webhook_endpoints", secret ? { url, secret } : { url });
    return "Endpoint added";
  };
  return card(
    "Webhook endpoints",
    "Each gets the merchant's events, signed.",
    data.endpoints.length ? "" : h("p", { class: "quiet" }, "There is none, so nobody is told of a payment."),
    h(
      "ul",
      { class: "plain-list" },
      data.endpoints.map((endpoint) =>
        h(
          "li",
          { class: "spread" },
          h(
            "span",
            { class: "stack" },
            h("code", { class: "break" }, endpoint.url),
            h("span", { class: "quiet" }, `${endpoint.events.join(", ") || "all events"} · `, h("code", {}, endpoint.secret)),
            endpoint.disabled ? h("span", { class: "bad" }, "Disabled: it answered 410 Gone. It gets no events.") : "",
          ),
          h(
            "span",
            { class: "buttons" },
            endpoint.disabled ? enable(endpoint.id, endpoint.url) : "",
            action(
              "Delete",
              async () => {
                await remove(`/sandbox/v1/webhook_endpoints/${encodeURIComponent(endpoint.id)}`);
                return "Endpoint deleted";
              },
              { class: "small danger", "aria-label": `Delete ${endpoint.url}` },
            ),
          ),
        ),
      ),
    ),
    form(
      add,
      { class: "stack" },
      field("URL", h("input", { id: "endpoint-url", name: "url", type: "url", required: true, placeholder: "http://127.0.0.1:8000/webhooks" })),
      field("Secret, the merchant's where empty", h("input", { id: "endpoint-secret", name: "secret", type: "password", autocomplete: "off" })),
      h("button", { type: "submit" }, "Add"),
    ),
  );
}

function enable(id: string, url: string): HTMLElement {
  return action(
    "Enable",
    async () => {
      await post(`/sandbox/v1/webhook_endpoints/${encodeURIComponent(id)}/enable`, {});
      return "Endpoint enabled";
    },
    { class: "small", "aria-label": `Enable ${url}` },
  );
}

const FAULTS: [string, string, string][] = [
  ["duplicate", "Send again", "accepted attempts"],
  ["drop", "Lose on the way", "attempts"],
  ["drop_answer", "Lose the answer", "attempts"],
  ["corrupt_signature", "Sign wrongly", "attempts"],
  ["reorder", "Reverse the order of", "events"],
  ["delay_ms", "Delay the next by", "milliseconds"],
];

function faults(data: MerchantDetail): HTMLElement {
  const set = async (fields: FormData): Promise<string> => {
    const wanted = FAULTS.map(([name]) => [name, Number(fields.get(name) || 0)]);
    await post("/sandbox/v1/faults", Object.fromEntries(wanted));
    return "Faults set";
  };
  return card(
    "Faults",
    "What goes wrong with the next webhooks. Each is used up once it has happened.",
    form(
      set,
      { class: "stack" },
      h(
        "div",
        { class: "faults" },
        FAULTS.map(([name, label, unit]) =>
          h(
            "label",
            { class: "fault" },
            h("span", {}, label),
            h("input", {
              id: `fault-${name}`,
              name,
              type: "number",
              min: 0,
              max: name === "delay_ms" ? 31_536_000_000 : 1000,
              value: data.faults[name] ?? 0,
            }),
            h("span", { class: "quiet" }, unit),
          ),
        ),
      ),
      h("button", { type: "submit", id: "set-faults" }, "Set"),
    ),
  );
}

function merchants(data: MerchantDetail, reload: () => Promise<void>): HTMLElement {
  const add = async (fields: FormData): Promise<void> => {
    const made = await post<Record<string, string>>("/sandbox/v1/merchants", {
      kind: fields.get("kind"),
      default_currency: fields.get("currency"),
    });
    merchant.set(made["merchant_id"] ?? "");
    await reload();
    reveal("A new merchant", [
      ["Merchant", made["merchant_id"] ?? ""],
      ["API key", made["api_key"] ?? ""],
      ["Webhook secret", made["webhook_secret"] ?? ""],
    ]);
  };
  return card(
    "Merchants",
    "Each has its own keys, sessions and clock. Choose one at the top.",
    facts([
      ["This one", copied(data.id, "the merchant's id")],
      ["Kind", data.kind],
      ["Currency", data.default_currency],
    ]),
    form(
      add,
      { class: "inline" },
      field("Kind", h("select", { id: "merchant-kind", name: "kind" }, options([["direct", "direct"], ["mor", "Merchant of Record"]]))),
      field("Currency", h("input", { id: "merchant-currency", name: "currency", value: "USD", required: true, size: 4, maxlength: 3 })),
      h("button", { type: "submit", id: "add-merchant" }, "Add a merchant"),
    ),
  );
}
