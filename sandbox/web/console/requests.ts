// The request log.

import { h } from "../common/dom";
import { get, type RequestDetail, type RequestHead } from "./api";
import { bytes, duration, json, time } from "./format";
import { choice, copied, empty, facts, httpStatus } from "./parts";
import type { View } from "./view";

let shown = "";
let searched = "";

interface Log {
  items: RequestHead[];
  skipped: number;
}

export function requestsView(id: string | undefined, refresh: () => void): View {
  return {
    title: "Requests",
    hasDetail: id !== undefined,
    load: async () => ({
      log: await get<Log>("/console/v1/requests"),
      detail: id && (await get<RequestDetail>(`/console/v1/requests/${encodeURIComponent(id)}`)),
    }),
    list: ({ log }) => rows(log, id, refresh),
    detail: ({ detail }) =>
      detail ? one(detail) : empty("No request chosen", "Choose one to see what was asked and answered."),
  };
}

function rows(log: Log, chosen: string | undefined, refresh: () => void): Node[] {
  const choose = (value: string): void => {
    shown = value;
    refresh();
  };
  const wanted = (head: RequestHead): boolean =>
    (!shown || head.status >= 400) &&
    `${head.method} ${head.path} ${head.error_code} ${head.id} ${head.session_id}`.includes(searched);
  const items = log.items.filter(wanted);
  const search = h("input", {
    id: "request-search",
    type: "search",
    placeholder: "Path, id or error",
    "aria-label": "Search requests",
    value: searched,
    input: (event) => {
      searched = (event.target as HTMLInputElement).value;
      refresh();
    },
  });
  return [
    h(
      "div",
      { class: "tools" },
      choice("Which", [["", "All"], ["errors", "Errors"]], shown, choose),
      search,
    ),
    items.length
      ? h("ul", { class: "rows", "data-scroll": true }, items.map((head) => row(head, chosen)))
      : empty("No request", shown || searched ? "None fits." : "What your server sends is shown here."),
    log.skipped
      ? h("p", { class: "more quiet" }, `${log.skipped} more came too fast to be kept.`)
      : h("p", { class: "more quiet" }, "The last 500 are kept in memory, without secrets."),
  ];
}

function row(head: RequestHead, chosen: string | undefined): HTMLElement {
  return h(
    "li",
    {},
    h(
      "a",
      {
        id: `row-${head.id}`,
        href: `#/requests/${head.id}`,
        "aria-current": head.id === chosen ? "true" : null,
      },
      h(
        "span",
        { class: "first" },
        h("span", { class: "path" }, h("span", { class: "method" }, head.method), " ", head.path),
        httpStatus(head.status),
      ),
      h(
        "span",
        { class: "second" },
        h("span", { class: "about" }, head.error_code ?? head.id),
        h("span", { class: "nowrap" }, duration(head.duration_us)),
        time(head.at),
      ),
    ),
  );
}

function one(request: RequestDetail): HTMLElement {
  return h(
    "article",
    { class: "detail" },
    h(
      "header",
      {},
      h("p", { class: "total small" }, request.method, httpStatus(request.status)),
      h("h2", { id: "detail-title", tabindex: -1 }, h("code", { class: "break" }, request.path)),
    ),
    facts([
      ["Request id", copied(request.id, "the request's id")],
      ["Merchant", request.merchant_id ? h("code", { class: "break" }, request.merchant_id) : "told by no API key"],
      ["Session", request.session_id ? h("a", { href: `#/sessions/${request.session_id}` }, h("code", { class: "break" }, request.session_id)) : undefined],
      ["Query", request.query && h("code", { class: "break" }, request.query)],
      ["At", time(request.at, true)],
      ["Took", duration(request.duration_us)],
      ...request.headers.map(([name, value]): [string, Node] => [name, h("code", { class: "break" }, value)]),
    ]),
    body("Request", request.request),
    body("Response", request.response),
  );
}

function body(title: string, { bytes: count, json: value }: RequestDetail["request"]): HTMLElement {
  const without = count ? `${bytes(count)}, not kept: it is no JSON, or too large.` : "No body.";
  return h(
    "section",
    {},
    h("h3", {}, title, count ? h("span", { class: "quiet" }, ` ${bytes(count)}`) : ""),
    value === null ? h("p", { class: "quiet" }, without) : json(value),
  );
}
