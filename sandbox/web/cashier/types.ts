// What /cashier/v1/sessions answers, as far as the page reads it.

import type { Amount } from "../common/json";

export interface Session {
  id: string;
  status: string;
  mode: string;
  presentation: string;
  amount_subtotal: Amount;
  amount_tax: Amount;
  amount_total: Amount;
  currency: string;
  expires_at: string;
  customer_email: string | null;
  success_url: string | null;
  cancel_url: string | null;
  buyer_country: string | null;
  payment_status: string;
  payment_method?: { brand: string; last4: string };
  trial_end?: string;
}

export interface Line {
  unit_amount: Amount;
  quantity: number;
  amount: Amount;
  rate_ppm: number;
  tax_name?: string;
  description?: string;
}

export interface Quote {
  total: Amount;
  behaviour: "inclusive" | "exclusive" | null;
  lines: Line[];
  taxes: { rate_ppm: number; tax: Amount }[];
  estimated: boolean;
  /** False where the table has no rate for the place: the tax is 0 for want of one. */
  rate_known: boolean;
  rates_as_of: string | null;
}

export interface Price {
  recurring_interval?: string;
  recurring_interval_count?: number;
  trial_period_days?: number;
}

/** What every answer has. */
export interface Shown {
  session: Session;
  quote: Quote;
  currency_decimals: number;
  /** For a subscription: what is charged at once, and when next. */
  start?: { invoice: Quote; trial_end: string | null; next_charge_at: string | null };
  prices?: (Price | null)[];
}

/** What does not change, and comes with the first answer alone. */
export interface Setting {
  test_cards: { number: string; brand: string; behaviour: string }[];
  /** `DE`, `US`, `US-CA`. */
  places: string[];
}
