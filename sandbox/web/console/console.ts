// The console: which view is shown, and when it looks anew.

import { h, icon } from "../common/dom";
import { type Connection, enter, get, type Merchant, merchant, Refusal, watch } from "./api";
import { eventsView } from "./events";
import { empty, icons, options } from "./parts";
import { replace } from "./replace";
import { requestsView } from "./requests";
import { sessionsView } from "./sessions";
import { setupView } from "./setup";
import type { View } from "./view";

const VIEWS: [string, string, string][] = [
  ["sessions", "Sessions", icons.sessions],
  ["events", "Events", icons.events],
  ["requests", "Requests", icons.requests],
  ["setup", "Set-up", icons.setup],
];

const heading = h("h1", {});
const main = h("main", { id: "main", tabindex: -1 });
const nav = h("nav", { "aria-label": "Console" });
const chosen = h("select", { id: "merchant", "aria-label": "Merchant" });
const live = h("span", { class: "live", role: "status" });

let view: View;
let place = "";
let seen = "";
let asked = 0;

function at(hash: string): { name: string; id: string | undefined } {
  const [, name = "sessions", id] = hash.split("/");
  return { name, id: id ? decodeURIComponent(id) : undefined };
}

function make(hash: string): View {
  const { name, id } = at(hash);
  const anew = (): void => void refresh(true);
  switch (name) {
    case "events":
      return eventsView(anew);
    case "requests":
      return requestsView(id, anew);
    case "setup":
      return setupView(anew, loadMerchants);
    default:
      return sessionsView(id, anew);
  }
}

async function go(): Promise<void> {
  const before = at(place);
  place = location.hash || "#/sessions";
  const { name, id } = at(place);
  view = make(place);
  heading.textContent = view.title;
  document.title = `${view.title} · FastStar sandbox`;
  document.body.dataset.view = name;
  document.body.classList.toggle("has-detail", view.hasDetail);
  for (const link of nav.querySelectorAll("a")) {
    const isCurrent = link.dataset.name === name;
    isCurrent ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  await refresh(true);
  if (before.name !== name) {
    main.scrollTo(0, 0);
  }
  if (id && before.id !== id) {
    document.getElementById("detail-title")?.focus({ preventScroll: true });
    document.querySelector(".pane-detail")?.scrollTo(0, 0);
    if (matchMedia("(max-width: 899px)").matches) {
      scrollTo(0, 0);
    }
  }
}

/** Reads anew; what is the same as before stays as it is, unless it has to be drawn again. */
async function refresh(isForced = false): Promise<void> {
  const mine = ++asked;
  const current = view;
  let data: unknown;
  try {
    data = await current.load();
  } catch (error) {
    if (mine === asked && error instanceof Refusal) {
      refused(error);
    }
    return;
  }
  const text = JSON.stringify(data);
  if (mine !== asked || current !== view || (!isForced && text === seen)) {
    return;
  }
  seen = text;
  const list = h("div", { class: "pane-list" }, ...current.list(data));
  const { name } = at(place);
  const back = h("a", { class: "back", href: `#/${name}` }, icon(icons.back), `All ${current.title.toLowerCase()}`);
  const detail = current.detail && h("div", { class: "pane-detail" }, back, current.detail(data));
  const scrolled = [".pane-list", ".pane-detail"].map((pane) => main.querySelector(pane)?.scrollTop ?? 0);
  replace(main, h("div", { class: detail ? "split" : "whole" }, list, ...(detail ? [detail] : [])));
  list.scrollTop = scrolled[0] ?? 0;
  if (detail) {
    detail.scrollTop = scrolled[1] ?? 0;
  }
}

function refused(error: Refusal): void {
  if (error.status === 401) {
    closed();
    return;
  }
  seen = "";
  replace(
    main,
    h("div", { class: "whole" }, empty("This cannot be shown", error.message, h("a", { class: "button", href: "#/sessions" }, "All sessions"))),
  );
}

async function loadMerchants(): Promise<void> {
  const { items } = await get<{ items: Merchant[] }>("/console/v1/merchants");
  const known = items.some(({ id }) => id === merchant.get());
  if (!known) {
    merchant.set(items.at(-1)?.id ?? "");
  }
  const name = ({ id, kind, default_currency }: Merchant): string => `${id.slice(0, 4)}…${id.slice(-6)} · ${kind} · ${default_currency}`;
  chosen.replaceChildren(...options(items.map((item) => [item.id, name(item)]), merchant.get()));
  seen = "";
}

const STATES: Record<Connection, string> = { live: "Live", connecting: "Connecting", paused: "Paused", refused: "Ended" };

function show(connection: Connection): void {
  if (connection === "refused") {
    closed();
    return;
  }
  live.dataset.state = connection;
  live.textContent = STATES[connection];
}

/** Says how to come in; the link, opened here, is tried. */
function closed(): void {
  addEventListener("hashchange", () => location.reload(), { once: true });
  document.body.className = "closed";
  document.body.replaceChildren(
    h(
      "main",
      { class: "door" },
      h("img", { src: document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "", alt: "", width: 48, height: 48 }),
      h("h1", {}, "This console is for whoever started the sandbox"),
      h("p", {}, "Open it by the link that ", h("code", {}, "faststar sandbox"), " printed. Each start has its own."),
    ),
  );
}

async function start(): Promise<void> {
  if (!(await enter())) {
    closed();
    return;
  }
  nav.append(
    ...VIEWS.map(([name, title, path]) =>
      h("a", { href: `#/${name}`, "data-name": name }, icon(path), h("span", {}, title)),
    ),
    h("a", { href: "/shop", target: "_blank", class: "shop-link" }, icon(icons.shop), h("span", {}, "Shop")),
  );
  chosen.addEventListener("change", () => {
    merchant.set(chosen.value);
    location.hash = `#/${at(place).name}`;
    void go();
  });
  document.body.append(
    h("a", { class: "skip", href: "#main", click: (event) => { event.preventDefault(); main.focus(); } }, "Skip to content"),
    h(
      "header",
      { class: "bar" },
      h(
        "div",
        { class: "brand" },
        h("img", { src: document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "", alt: "", width: 28, height: 28 }),
        h("span", { class: "brand-name" }, "FastStar"),
        h("span", { class: "chip" }, "Sandbox"),
      ),
      chosen,
      live,
    ),
    nav,
    h("div", { class: "title" }, heading),
    main,
    h("div", { id: "said", role: "status", "aria-live": "polite" }),
  );
  document.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLElement && target.closest("form")) {
      target.dataset.dirty = "";
    }
  });
  await loadMerchants();
  addEventListener("hashchange", () => void go());
  await go();
  watch(() => void (async () => {
    await loadMerchantsIfNew();
    await refresh();
  })(), show);
}

/** Another program may have made a merchant. */
async function loadMerchantsIfNew(): Promise<void> {
  const { items } = await get<{ items: Merchant[] }>("/console/v1/merchants").catch(() => ({ items: [] }));
  if (items.length && items.length !== chosen.options.length) {
    await loadMerchants();
  }
}

void start();
