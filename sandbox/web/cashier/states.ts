import { h, icon } from "../common/dom";
import { isFree, modeOf, money, due } from "./context";
import { ICONS } from "./icons";

import type { Context } from "./context";
import type { Texts } from "./texts";

type Look = "good" | "bad" | "plain";

function panel(look: Look, symbol: string, heading: string, ...rest: (Node | string | false | null)[]): HTMLElement {
  return h(
    "section",
    { class: `panel ${look}` },
    h("span", { class: "badge" }, icon(symbol)),
    h("h1", { tabindex: "-1" }, heading),
    ...rest,
  );
}

function capitalized(brand: string): string {
  return brand.charAt(0).toUpperCase() + brand.slice(1);
}

/** How the buyer goes on from a state that is an end; `null` where there is no way. */
export type Exit = { href: string; isTop: boolean } | { onClick: () => void } | null;

function way(exit: Exit, label: string, className = "primary"): HTMLElement | null {
  if (!exit) return null;
  if ("onClick" in exit) {
    return h("button", { type: "button", class: className, click: exit.onClick }, label);
  }
  return h("a", { class: className, href: exit.href, target: exit.isTop ? "_top" : undefined, rel: "noreferrer" }, label);
}

/** Says that it is done: just now, or before this page was opened. */
export function done(context: Context, isNew: boolean, exit: Exit, isLeaving: boolean): HTMLElement {
  const { texts, shown, format } = context;
  const mode = modeOf(context);
  const { payment_method: card, trial_end, payment_status } = shown.session;
  const by = card && texts.done.card(capitalized(card.brand), card.last4);
  const told = by && payment_status === "paid" ? texts.done.paid(money(context, due(context)), by) : by;
  return panel(
    "good",
    ICONS.check,
    (isNew ? texts.done : texts.already)[mode],
    told ? h("p", {}, told) : null,
    trial_end ? h("p", {}, texts.done.trialUntil(format.date(trial_end))) : null,
    isNew ? null : h("p", {}, texts.already.text),
    isLeaving
      ? h("p", { class: "note", role: "status" }, texts.done.redirecting)
      : way(exit, exit && "onClick" in exit ? texts.finish : texts.proceed),
  );
}

export function expired(context: Context, exit: Exit): HTMLElement {
  const { texts, shown, format } = context;
  return panel(
    "plain",
    ICONS.clock,
    texts.expired.heading,
    h("p", {}, texts.expired.text(format.time(shown.session.expires_at))),
    way(exit, texts.back),
  );
}

export function missing(texts: Texts): HTMLElement {
  return panel("bad", ICONS.alert, texts.missing.heading, h("p", {}, texts.missing.text));
}

export function failed(texts: Texts, onRetry: () => void): HTMLElement {
  return panel(
    "bad",
    ICONS.alert,
    texts.failed.heading,
    h("p", {}, texts.failed.text),
    way({ onClick: onRetry }, texts.retry),
  );
}

export function loading(texts: Texts): HTMLElement {
  return h("p", { class: "loading", role: "status" }, h("span", { class: "spinner" }), texts.loading);
}

/** What a bank would show before it lets a card pay. */
export function bank(
  context: Context,
  last4: string,
  answer: (how: "approved" | "failed") => void,
  cancel: () => void,
): HTMLElement {
  const { texts } = context;
  const text = isFree(context)
    ? texts.bank.save(last4)
    : texts.bank.text(money(context, due(context)), last4);
  const button = (label: string, className: string, click: () => void) =>
    h("button", { type: "button", class: className, click }, label);
  return panel(
    "plain",
    ICONS.shield,
    texts.bank.heading,
    h("p", {}, text),
    h(
      "div",
      { class: "answers" },
      button(texts.bank.approve, "primary", () => answer("approved")),
      button(texts.bank.fail, "secondary", () => answer("failed")),
    ),
    button(texts.bank.cancel, "plain-button", cancel),
  );
}
