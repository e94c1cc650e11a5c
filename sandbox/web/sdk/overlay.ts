import { emit } from "./events";
import { HELLO, read } from "./messages";
import { sheet } from "./sheet";
import { texts } from "./texts";

import type FastStar from "./faststar.d.ts";

/** How long the cashier may take to come, and to answer once something has come. */
const PATIENCE = { load: 20_000, answer: 6_000 };

/** The cashier over the shop's page, from its opening to its end. */
export class Overlay {
  readonly result: Promise<FastStar.Result>;
  readonly id: string | null;
  readonly #host = document.createElement("div");
  readonly #dialog = document.createElement("dialog");
  readonly #note = document.createElement("div");
  readonly #close: HTMLButtonElement;
  readonly #settle: (result: FastStar.Result) => void;
  readonly #unlock: () => void;
  readonly #removals = new MutationObserver(() => {
    if (this.isGone) this.close();
  });
  #frame!: HTMLIFrameElement;
  #timer = 0;
  #busy = false;
  #isOver = false;
  #isLoaded = false;

  constructor(
    readonly url: URL,
    private readonly onEnd: () => void,
  ) {
    this.id = /^\/checkout\/([^/]+)$/.exec(url.pathname)?.[1] ?? null;
    let settle!: (result: FastStar.Result) => void;
    this.result = new Promise((resolve) => (settle = resolve));
    this.#settle = settle;

    const text = texts();
    this.#close = button("close", "×", () => this.#leave());
    this.#close.ariaLabel = text.close;
    this.#note.className = "note";
    this.#note.setAttribute("role", "status");
    this.#dialog.ariaLabel = text.title;
    this.#dialog.tabIndex = -1;
    this.#dialog.append(this.#close, this.#note);
    // Escape; a browser may also close a dialog that refuses too often.
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#leave();
    });
    this.#dialog.addEventListener("close", () => this.close());

    // Turbo takes it out before it keeps a copy of the page.
    this.#host.dataset["turboTemporary"] = "";
    // Apart from the shop's styles, and without an inline style that its policy may refuse.
    const root = this.#host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet()];
    root.append(this.#dialog);
    (document.body ?? document.documentElement).append(this.#host);
    this.#removals.observe(document, { childList: true, subtree: true });
    addEventListener("message", this.#listen);
    this.#unlock = lockScroll();
    this.#dialog.showModal();
    // Zoom multiplies from parent to child; there is no value that ends it.
    this.#dialog.style.zoom = String(1 / (this.#dialog.currentCSSZoom ?? 1));
    this.#dialog.focus();
    this.#load();
  }

  /** Whether the page took it out, or moved it, which ends a modal dialog and its frame as well. */
  get isGone(): boolean {
    return !this.#dialog.matches(":modal");
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#removals.disconnect();
    removeEventListener("message", this.#listen);
    // Gives the focus back, too.
    this.#dialog.close();
    this.#host.remove();
    this.#unlock();
    this.onEnd();
    this.#settle({ status: "closed", checkout_session_id: this.id });
    emit("checkout.closed", { checkout_session_id: this.id });
  }

  /** Closes as the buyer wishes, unless a payment is under way. */
  #leave(): void {
    if (!this.#busy) this.close();
  }

  #setBusy(is: boolean): void {
    this.#busy = is;
    // Not `disabled`, which would take the focus away.
    this.#close.ariaDisabled = String(is);
  }

  #load(): void {
    const text = texts();
    const spinner = document.createElement("span");
    spinner.className = "spinner";
    this.#note.hidden = false;
    this.#note.replaceChildren(spinner, text.loading);
    this.#setBusy((this.#isLoaded = false));
    this.#frame?.remove();
    const frame = (this.#frame = document.createElement("iframe"));
    frame.title = text.title;
    frame.allow = "payment";
    frame.referrerPolicy = "no-referrer";
    frame.className = "waiting";
    frame.addEventListener("load", () => {
      frame.contentWindow?.postMessage(HELLO, this.url.origin);
      if (frame.className) this.#wait(PATIENCE.answer);
    });
    this.#wait(PATIENCE.load);
    frame.src = this.url.href;
    this.#dialog.append(frame);
  }

  /** Shows what the cashier's page has. */
  #show(): void {
    clearTimeout(this.#timer);
    if (!this.#frame.className) return;
    this.#frame.className = "";
    this.#note.hidden = true;
    this.#frame.focus();
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(), milliseconds) as unknown as number;
  }

  #fail(): void {
    const text = texts();
    const message = document.createElement("p");
    message.textContent = text.failed;
    const retry = button("retry", text.retry, () => {
      this.#dialog.focus();
      this.#load();
    });
    this.#note.replaceChildren(message, retry);
    retry.focus();
    emit("checkout.error", {
      checkout_session_id: this.id,
      code: "load_failed",
      message: "the cashier did not answer; may this origin frame the session, and is it reachable?",
    });
  }

  readonly #listen = (event: MessageEvent): void => {
    if (event.origin !== this.url.origin || event.source !== this.#frame.contentWindow) return;
    const message = read(event.data);
    // One of another session is no answer to this one.
    if (!message || (this.id !== null && message.checkout_session_id !== this.id)) return;
    const data = { checkout_session_id: message.checkout_session_id };
    switch (message.type) {
      case "loaded":
        this.#show();
        if (this.#isLoaded) break;
        this.#isLoaded = true;
        emit("checkout.loaded", data);
        break;
      case "error":
        // The cashier says so itself, and has its own way to try again.
        this.#show();
        emit("checkout.error", { ...data, code: message.code, message: "the cashier could not read the session" });
        break;
      case "busy":
        this.#setBusy(message.busy);
        break;
      case "declined":
        emit("checkout.declined", data);
        break;
      case "success":
        this.#setBusy(false);
        this.#settle({ status: "success", ...data });
        emit("checkout.success", data);
        break;
      case "close":
        this.#leave();
    }
  };
}

function button(name: string, label: string, onClick: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.textContent = label;
  made.addEventListener("click", onClick);
  return made;
}

/** Keeps the page below from scrolling, and from moving as its scroll bar goes. */
function lockScroll(): () => void {
  const root = document.documentElement;
  const { overflow, paddingRight } = root.style;
  const bar = innerWidth - root.clientWidth;
  root.style.overflow = "hidden";
  if (bar > 0) root.style.paddingRight = `${bar}px`;
  return () => Object.assign(root.style, { overflow, paddingRight });
}
