/** Gives a card number's digits, in whatever way they were typed. */
export function digits(text: string): string {
  return text.normalize("NFKC").replace(/\D/g, "");
}

export function grouped(text: string): string {
  return (digits(text).slice(0, 19).match(/.{1,4}/g) ?? []).join(" ");
}

export interface Expiry {
  month: number;
  year: number;
}

/** Reads `12/30`, `1230`, `12 / 2030`; nothing for what has passed or is no month. */
export function expiry(text: string, now: Date): Expiry | undefined {
  const parts = /^\s*(\d{1,2})\s*[/\-. ]?\s*(?:20)?(\d{2})\s*$/.exec(text.normalize("NFKC"));
  if (!parts) return undefined;
  const found = { month: Number(parts[1]), year: 2000 + Number(parts[2]) };
  const isMonth = found.month >= 1 && found.month <= 12;
  // The card holds to the end of its month.
  const end = new Date(found.year, found.month, 1);
  return isMonth && end > now ? found : undefined;
}

/** Writes what was typed of an expiry: `12 / 3`. */
export function spaced(text: string): string {
  const typed = digits(text);
  return typed.length > 2 ? `${typed.slice(0, 2)} / ${typed.slice(2, 6)}` : text;
}
