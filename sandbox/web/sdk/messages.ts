/** What the cashier's page tells the page that shows it. */
export type FromCashier =
  | { type: "loaded" | "success" | "declined" | "close"; checkout_session_id: string }
  | { type: "busy"; busy: boolean; checkout_session_id: string }
  | { type: "error"; code: string; checkout_session_id: string };

const TYPES = ["loaded", "success", "declined", "close", "busy", "error"];

/** Says hello, so that the cashier knows whom it may answer. */
export const HELLO = { faststar: 1, type: "hello" } as const;

/** Reads a message of the cashier's; `undefined` for anything malformed. */
export function read(data: unknown): FromCashier | undefined {
  const message = data as Record<string, unknown> | null;
  const isOurs =
    typeof message === "object" &&
    message !== null &&
    message["faststar"] === 1 &&
    TYPES.includes(message["type"] as string) &&
    typeof message["checkout_session_id"] === "string" &&
    (message["type"] !== "busy" || typeof message["busy"] === "boolean") &&
    (message["type"] !== "error" || typeof message["code"] === "string");
  return isOurs ? (message as FromCashier) : undefined;
}
