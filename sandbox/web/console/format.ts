// Shows amounts, times and bodies.

import { h } from "../common/dom";

import type { Amount } from "../common/json";

/** Shows an amount of the smallest unit; it is never divided as a floating-point number. */
export function money(amount: Amount, currency: string, decimals: number): string {
  const digits = String(amount).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const rest = decimals > 0 ? `.${digits.slice(-decimals)}` : "";
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${rest} ${currency}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** Shows a time; the whole of it is one hover away. */
export function time(at: string, withDay = false): HTMLElement {
  const date = new Date(at);
  const shown = withDay ? `${day.format(date)}, ${clock.format(date)}` : clock.format(date);
  return h("time", { datetime: at, title: at }, shown);
}

export function bytes(count: number): string {
  return count < 1024 ? `${count} B` : `${(count / 1024).toFixed(1)} KiB`;
}

export function duration(us: number): string {
  return us < 10_000 ? `${(us / 1000).toFixed(1)} ms` : `${Math.round(us / 1000)} ms`;
}

const PART = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)/g;

/** Shows JSON as it would be written by hand, coloured by what a part is. */
export function json(value: unknown): HTMLElement {
  const text = JSON.stringify(value, null, 2);
  const shown = h("pre", { class: "json", tabindex: 0, role: "region", "aria-label": "JSON" });
  let end = 0;
  for (const part of text.matchAll(PART)) {
    const kind = part[2] ? "key" : part[1] ? "text" : part[3] ? "number" : "word";
    const length = (part[1] ?? part[0]).length;
    shown.append(text.slice(end, part.index));
    shown.append(h("span", { class: kind }, text.slice(part.index, part.index + length)));
    end = part.index + length;
  }
  shown.append(text.slice(end));
  return shown;
}
