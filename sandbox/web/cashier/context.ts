import type { Format } from "./format";
import type { Language, Texts } from "./texts";
import type { Amount } from "../common/json";
import type { Setting, Shown } from "./types";

/** What every part of the page is drawn from. */
export interface Context {
  language: Language;
  texts: Texts;
  format: Format;
  shown: Shown;
  setting: Setting;
}

/** Writes an amount of the session. */
export function money({ format, shown }: Context, amount: Amount): string {
  return format.amount(amount, shown.session.currency, shown.currency_decimals);
}

export type Mode = "payment" | "subscription" | "setup";

export function modeOf({ shown }: { shown: Shown }): Mode {
  const { mode } = shown.session;
  return mode === "subscription" || mode === "setup" ? mode : "payment";
}

/** Whether nothing is charged at once: a card is saved, or every item has a trial. */
export function isFree({ shown }: { shown: Shown }): boolean {
  return modeOf({ shown }) === "setup" || shown.start?.invoice.lines.length === 0;
}

/** Gives what is charged when the buyer says yes. */
export function due({ shown }: { shown: Shown }): Amount {
  return shown.start ? shown.start.invoice.total : shown.session.amount_total;
}
