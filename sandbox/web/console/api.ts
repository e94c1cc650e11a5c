// Calls the sandbox for the developer whom the link has let in.

import { parse } from "../common/json";

import type { Amount } from "../common/json";

const TOKEN = "faststar-console-token";
const MERCHANT = "faststar-console-merchant";

export interface Merchant {
  id: string;
  kind: string;
  default_currency: string;
}

export interface MerchantDetail extends Merchant {
  webhook_secret: string;
  base_url: string;
  now: string;
  seconds_ahead: number;
  keys: { hint: string; created_at: string }[];
  endpoints: { id: string; url: string; events: string[]; secret: string; disabled: boolean }[];
  faults: Record<string, number>;
}

export interface Session {
  id: string;
  status: string;
  payment_status: string;
  mode: string;
  presentation: string;
  currency: string;
  decimals: number;
  amount_subtotal: Amount;
  amount_tax: Amount;
  amount_total: Amount;
  created_at: string;
  expires_at: string;
  buyer_country?: string;
  customer_email?: string;
  client_reference_id?: string;
  success_url?: string;
  cancel_url?: string;
  payment_method?: { brand: string; last4: string };
  payment_intent_id?: string;
  subscription_id?: string;
  setup_intent_id?: string;
}

export interface Attempt {
  at: string;
  status?: number;
  error?: string;
  signature?: string;
  duration_ms: number;
}

export interface ListedEvent {
  event: {
    id: string;
    type: string;
    created: number;
    data: Record<string, unknown>;
  };
  deliveries: { url: string; state: string; next_attempt_at?: string; attempts: Attempt[] }[];
}

export interface Step {
  at: string;
  kind: string;
  detail?: string;
  event?: ListedEvent;
}

export interface SessionDetail {
  session: Session;
  quote: { lines: { description?: string; quantity: number; unit_amount: Amount; amount: Amount; tax_name?: string }[]; behaviour: string | null; rate_known: boolean };
  timeline: Step[];
}

export interface RequestHead {
  id: string;
  at: string;
  method: string;
  path: string;
  query: string;
  status: number;
  duration_us: number;
  merchant_id: string | null;
  session_id: string | null;
  error_code: string | null;
}

export interface RequestDetail extends RequestHead {
  headers: [string, string][];
  request: { bytes: number; json: unknown };
  response: { bytes: number; json: unknown };
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** A refusal, with its code and the place that it names. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
  ) {
    super(message);
  }
}

export const merchant = {
  get: (): string => localStorage.getItem(MERCHANT) ?? "",
  set: (id: string): void => localStorage.setItem(MERCHANT, id),
};

/** Takes the token out of the address, and keeps it where it opens this sandbox. */
export async function enter(): Promise<boolean> {
  const offered = /^#token=([0-9a-f]+)$/.exec(location.hash)?.[1];
  if (offered) {
    history.replaceState(null, "", location.pathname + location.search);
    if (await opens(offered)) {
      localStorage.setItem(TOKEN, offered);
    }
  }
  return opens(localStorage.getItem(TOKEN) ?? "");
}

async function opens(token: string): Promise<boolean> {
  if (!token) {
    return false;
  }
  const answer = await fetch("/console/v1/merchants", { headers: { "X-Console-Token": token } });
  return answer.ok;
}

function headers(): Record<string, string> {
  return { "X-Console-Token": localStorage.getItem(TOKEN) ?? "", "X-Merchant": merchant.get() };
}

export async function get<T>(path: string): Promise<T> {
  return read(await fetch(path, { headers: headers() }));
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method: "POST", headers: headers() };
  if (body !== undefined) {
    init.headers = { ...headers(), "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  return read(await fetch(path, init));
}

export async function remove(path: string): Promise<void> {
  await read(await fetch(path, { method: "DELETE", headers: headers() }));
}

interface Envelope<T> {
  success: boolean;
  message: string;
  data: T;
  error?: { code: string };
}

async function read<T>(answer: Response): Promise<T> {
  const envelope = parse(await answer.text()) as Envelope<T>;
  if (!envelope.success) {
    throw new Refusal(envelope.message, answer.status, envelope.error?.code ?? "");
  }
  return envelope.data;
}

export type Connection = "live" | "connecting" | "paused" | "refused";

/**
 * Looks on for as long as the page is seen, and comes back when the sandbox does.
 *
 * What is told is only that something has changed; `changed` reads anew.
 */
export function watch(changed: () => void, state: (state: Connection) => void): void {
  let looking: AbortController | undefined;
  let wait = 500;
  let timer: number | undefined;
  const look = async (): Promise<void> => {
    looking?.abort();
    clearTimeout(timer);
    const mine = (looking = new AbortController());
    state("connecting");
    try {
      const answer = await fetch("/console/v1/live", { headers: headers(), signal: mine.signal });
      if (answer.status === 401) {
        state("refused");
        return;
      }
      if (!answer.ok || !answer.body) {
        throw new Error(`the sandbox answered ${answer.status}`);
      }
      state("live");
      wait = 500;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let told = await reader.read(); !told.done; told = await reader.read()) {
        if (told.value.includes("data:")) {
          changed();
        }
      }
    } catch {
      // The same as an end: the sandbox has stopped, or the page is not seen any more.
    }
    if (mine.signal.aborted) {
      return;
    }
    state("connecting");
    timer = window.setTimeout(look, wait);
    wait = Math.min(wait * 2, 10_000);
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(timer);
      looking?.abort();
      state("paused");
    } else {
      void look();
    }
  });
  void look();
}
