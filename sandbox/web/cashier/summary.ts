import { h } from "../common/dom";
import { due, isFree, modeOf, money } from "./context";
import { period, taxName } from "./texts";

import type { Context } from "./context";
import type { Line, Price } from "./types";

/** How many characters of a headline have room in large letters on every screen. */
const LONG = 14;

/** Draws what is bought and what it comes to; every figure is the server's. */
export function summary(context: Context): HTMLElement[] {
  const { texts } = context;
  const mode = modeOf(context);
  const title = h("h1", { class: "title" }, h("span", { class: "what" }, texts.heading[mode]), " ");
  if (mode === "setup") {
    return [title, h("p", { class: "free" }, texts.nothingToday)];
  }
  const amount = headline(context);
  title.append(h("span", { class: amount.length > LONG ? "amount long" : "amount" }, amount));
  const { lines } = context.shown.quote;
  const items = lines.map((line, index) => item(context, line, context.shown.prices?.[index]));
  return [
    title,
    h("h2", { class: "hidden" }, texts.summary),
    h("ul", { class: "lines" }, ...items),
    h("dl", { class: "totals" }, ...totals(context)),
    ...notes(context),
  ];
}

function headline(context: Context): string {
  const total = money(context, context.shown.session.amount_total);
  const rhythm = commonPeriod(context);
  return rhythm ? context.texts.perPeriod(total, rhythm) : total;
}

/** Gives the period that all prices of a subscription have; nothing where they differ. */
function commonPeriod({ shown, texts }: Context): string {
  const periods = new Set((shown.prices ?? []).map((price) => (price ? period(price, texts) : "")));
  return periods.size === 1 ? ([...periods][0] ?? "") : "";
}

function item(context: Context, line: Line, price?: Price | null): HTMLElement {
  const { texts, format } = context;
  const unit = money(context, line.unit_amount);
  const details = [
    line.quantity === 1 ? "" : `${format.number(line.quantity)} × ${unit}`,
    price?.recurring_interval ? period(price, texts) : "",
    price?.trial_period_days ? texts.trial(price.trial_period_days) : "",
  ];
  const detail = details.filter(Boolean).join(" · ");
  return h(
    "li",
    {},
    h(
      "span",
      { class: "item" },
      h("span", { class: "description", dir: "auto" }, line.description ?? texts.item),
      detail && h("span", { class: "detail" }, detail),
    ),
    h("span", { class: "figure" }, money(context, line.amount)),
  );
}

function totals(context: Context): HTMLElement[] {
  const { texts, shown, format } = context;
  const { session, quote } = shown;
  const row = (name: string, value: string, className = "", kind = "figure") =>
    h("div", { class: className }, h("dt", {}, name), h("dd", { class: kind }, value));
  const taxes = quote.taxes.map(({ rate_ppm, tax }) => {
    const names = quote.lines.filter((line) => line.rate_ppm === rate_ppm).map((line) => line.tax_name ?? "");
    const name = taxName([...new Set(names)].join(" + "), texts);
    const words = quote.behaviour === "inclusive" ? texts.includes : texts.plus;
    const text = rate_ppm === 0 ? texts.noTax : words(format.percent(rate_ppm), name);
    return row(text, money(context, tax), "tax");
  });
  const subtotal = row(texts.subtotal, money(context, session.amount_subtotal));
  const total = row(texts.total, money(context, session.amount_total), "total");
  const isOther = String(due(context)) !== String(session.amount_total);
  const today = isOther ? [row(texts.dueToday, money(context, due(context)), "total")] : [];
  switch (quote.behaviour) {
    case "inclusive":
      return [subtotal, total, ...taxes, ...today];
    case "exclusive":
      return [subtotal, ...taxes, total, ...today];
    case null: {
      const why = quote.rate_known ? texts.taxUnknown : texts.noRate;
      return [subtotal, row(texts.taxLater, why, "tax", ""), total, ...today];
    }
  }
}

function notes(context: Context): HTMLElement[] {
  const { texts, shown, format } = context;
  const next = shown.session.status === "open" ? shown.start?.next_charge_at : undefined;
  const date = shown.quote.rates_as_of;
  const rhythm = isFree(context) ? commonPeriod(context) : "";
  const then = rhythm && texts.then(money(context, shown.session.amount_total), rhythm);
  return [
    ...(next ? [h("p", { class: "note" }, then, texts.nextCharge(format.date(next)))] : []),
    ...(shown.quote.estimated
      ? [h("p", { class: "note" }, texts.estimate(date && format.date(date)))]
      : []),
    ...(shown.quote.rate_known ? [] : [h("p", { class: "note" }, texts.rateUnknown)]),
  ];
}
