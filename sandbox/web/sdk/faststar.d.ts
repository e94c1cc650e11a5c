// FastStar.js, as the sandbox serves it at /sdk/v1/faststar.min.js.

declare const FastStar: FastStar.Static;

declare namespace FastStar {
  interface Static {
    readonly version: string;
    readonly checkout: Checkout;
    /**
     * Names the sandbox, where this file is bundled or served from elsewhere. A script tag, a module
     * or an `import()` of the sandbox's own URL needs no call. Each call adds an origin.
     */
    init(options?: InitOptions): void;
    /** Calls `listener` at each such event, and gives a function that ends it. */
    on<K extends EventName>(event: K, listener: (data: Events[K]) => void): () => void;
    /** Calls `listener` at the next such event only. */
    once<K extends EventName>(event: K, listener: (data: Events[K]) => void): () => void;
    off<K extends EventName>(event: K, listener: (data: Events[K]) => void): void;
  }

  interface InitOptions {
    /** The sandbox's origin, on this machine: `http://127.0.0.1:4250`. */
    origin?: string;
  }

  interface Checkout {
    /**
     * Opens the cashier over the page.
     *
     * The promise is fulfilled when the buyer has paid, when the overlay is closed, or when the page
     * removes it (`closed`); the buyer can retry or close a cashier that does not load. It is rejected
     * with a `FastStarError` where nothing was opened. Fulfill an order by the webhook
     * `payment.succeeded`, and only by it.
     */
    open(options: { url: string }): Promise<Result>;
    /** Closes the overlay, if there is one. */
    close(): void;
  }

  type Result = { status: "success" | "closed"; checkout_session_id: string | null };

  interface FastStarError extends Error {
    readonly name: "FastStarError";
    /** `invalid_url`, `origin_not_allowed`, `already_open`. */
    readonly code: string;
  }

  interface SessionData {
    /** `null` where the url does not name the session. */
    checkout_session_id: string | null;
  }

  interface Events {
    /** The overlay is there; the cashier is loading. */
    "checkout.opened": SessionData;
    /** The cashier is there. */
    "checkout.loaded": SessionData;
    /** Paid, the card saved or the subscription started. For the buyer's screen only. */
    "checkout.success": { checkout_session_id: string };
    /** The card was declined; the buyer may try another one. */
    "checkout.declined": { checkout_session_id: string };
    /** The overlay is gone: closed by the buyer or by `close`, or removed by the page. */
    "checkout.closed": SessionData;
    /**
     * The cashier did not load. The buyer sees it, and can try again. `code` is `load_failed` where
     * nothing answered, or what the cashier says: `unreachable`, `not_found`.
     */
    "checkout.error": SessionData & { code: string; message: string };
  }

  type EventName = keyof Events;
}

export = FastStar;
export as namespace FastStar;
