import { parse } from "../common/json";

import type { Amount } from "../common/json";
import type { Setting, Shown } from "./types";

/** A refusal of the sandbox, or `unreachable` where no answer came. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly param: string | null = null,
  ) {
    super(code);
  }
}

export interface Payment {
  card: { number: string; exp_month: number; exp_year: number; cvc: string };
  customer_email?: string;
  authentication?: "approved" | "failed";
  /** What the buyer was shown; the sandbox charges nothing else. */
  amount_total: Amount;
}

const ID = location.pathname.split("/")[2] ?? "";
const TOKEN = new URLSearchParams(location.search).get("token") ?? "";
const PATH = `/cashier/v1/sessions/${ID}`;

export const sessionId = decodeURIComponent(ID);

/** Tells what may be asked again under the same key: nobody knows whether it was done. */
const UNSURE = ["unreachable", "idempotency_in_flight", "overloaded", "request_timeout"];
const ATTEMPTS = 3;

let last: { body: string; key: string } | undefined;

export function show(): Promise<Shown & Setting> {
  return send(`${PATH}?token=${encodeURIComponent(TOKEN)}`) as Promise<Shown & Setting>;
}

export function setCountry(place: string, signal: AbortSignal): Promise<Shown> {
  const body = JSON.stringify({ token: TOKEN, buyer_country: place });
  return send(`${PATH}/country`, { ...post(body, crypto.randomUUID()), signal });
}

/** Pays. The same payment has the same key until it is known how it ended, so it is made once. */
export async function pay({ amount_total, ...rest }: Payment): Promise<Shown> {
  // The amount as its digits: it may be more than a number holds.
  const body = `{"amount_total":${amount_total},${JSON.stringify({ token: TOKEN, ...rest }).slice(1)}`;
  const { key } = (last = last?.body === body ? last : { body, key: crypto.randomUUID() });
  for (let attempt = 1; ; attempt += 1) {
    try {
      const shown = await send(`${PATH}/pay`, post(body, key));
      last = undefined;
      return shown;
    } catch (error) {
      const isUnsure = error instanceof Refused && UNSURE.includes(error.code);
      if (!isUnsure) last = undefined;
      if (!isUnsure || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
    }
  }
}

function post(body: string, key: string): RequestInit {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  return { method: "POST", headers, body };
}

interface Envelope {
  success: boolean;
  data: Shown;
  error?: { code: string; param: string | null };
}

async function send(path: string, init: RequestInit = {}): Promise<Shown> {
  const signals = [AbortSignal.timeout(30_000), ...(init.signal ? [init.signal] : [])];
  let answer: Envelope;
  try {
    // In turn, since AbortSignal.any is newer than the browsers that this is for.
    const controller = new AbortController();
    for (const signal of signals) {
      signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    }
    const options: RequestInit = { ...init, signal: controller.signal, cache: "no-store", credentials: "omit" };
    const response = await fetch(path, options);
    answer = parse(await response.text()) as Envelope;
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refused("unreachable");
  }
  if (answer.success) return answer.data;
  throw new Refused(answer.error?.code ?? "unreachable", answer.error?.param);
}
