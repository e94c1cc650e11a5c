import type { Amount } from "../common/json";

/** Writes amounts, dates and names as the buyer's locale does. */
export class Format {
  readonly #amounts = new Map<string, Intl.NumberFormat>();

  constructor(readonly locale: string) {}

  /** Writes an amount exactly: its digits and the point are set as text, not computed. */
  amount(amount: Amount, currency: string, decimals: number): string {
    let format = this.#amounts.get(currency);
    if (!format) {
      format = new Intl.NumberFormat(this.locale, {
        style: "currency",
        currency,
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
      this.#amounts.set(currency, format);
    }
    const digits = String(amount).padStart(decimals + 1, "0");
    const text = decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
    return format.format(text as Intl.StringNumericLiteral);
  }

  percent(ppm: number): string {
    const options = { style: "percent", maximumFractionDigits: 4 } as const;
    return new Intl.NumberFormat(this.locale, options).format(ppm / 1_000_000);
  }

  date(text: string): string {
    // A date alone is the same day everywhere.
    const timeZone = text.includes("T") ? undefined : "UTC";
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "long", timeZone }).format(new Date(text));
  }

  time(text: string): string {
    const options = { dateStyle: "medium", timeStyle: "short" } as const;
    return new Intl.DateTimeFormat(this.locale, options).format(new Date(text));
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  /** Names countries and sorts them. */
  countries(codes: string[]): { code: string; name: string }[] {
    const names = new Intl.DisplayNames([this.locale], { type: "region" });
    const named = codes.map((code) => ({ code, name: names.of(code) ?? code }));
    const { compare } = new Intl.Collator(this.locale);
    return named.sort((a, b) => compare(a.name, b.name));
  }
}
