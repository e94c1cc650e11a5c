// The pieces that the views are made of.

import { type Attributes, h, icon } from "../common/dom";
import { post, Refusal } from "./api";

export const icons = {
  sessions: "M3 6h18v12H3zM3 10h18M7 15h4",
  events: "M13 3 5 14h6l-1 7 8-11h-6z",
  requests: "M4 8h14l-4-4M20 16H6l4 4",
  setup: "M4 7h9M17 7h3M4 17h3M11 17h9M13 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M7 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
  shop: "M5 8h14l-1 12H6zM9 8a3 3 0 0 1 6 0",
  back: "M15 5l-7 7 7 7",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
};

const KIND: Record<string, string> = {
  complete: "good",
  delivered: "good",
  paid: "good",
  open: "active",
  pending: "active",
  parked: "bad",
  expired: "quiet",
};

/** Shows a state as a word in its colour. */
export function state(word: string): HTMLElement {
  return h("span", { class: `state ${KIND[word] ?? "quiet"}` }, word);
}

/** Shows an HTTP status in its colour. */
export function httpStatus(status: number | undefined): HTMLElement {
  const kind = status === undefined || status >= 400 ? "bad" : status >= 300 ? "warn" : "good";
  return h("span", { class: `state ${kind} mono` }, status ?? "none");
}

/** Says something once, to eyes and to screen readers. */
export function say(text: string, isBad = false): void {
  const place = document.getElementById("said");
  const note = h("p", { class: isBad ? "bad" : null }, text);
  place?.replaceChildren(note);
  window.setTimeout(() => note.remove(), isBad ? 8000 : 4000);
}

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
  } catch {
    say("The browser does not allow copying here; select the text instead", true);
  }
}

/** Shows an id or a URL that can be copied. */
export function copied(text: string, label: string): HTMLElement {
  const button = h(
    "button",
    { type: "button", class: "plain", "aria-label": `Copy ${label}`, click: () => void copy(text) },
    icon(icons.copy),
  );
  return h("span", { class: "copied" }, h("code", {}, text), button);
}

/** Makes a button that does something, and cannot be pressed again before that has ended. */
export function action(
  label: string,
  act: () => Promise<string | void>,
  attributes: Attributes = {},
): HTMLButtonElement {
  const button: HTMLButtonElement = h(
    "button",
    { type: "button", ...attributes, click: () => void busy(button, act) },
    label,
  );
  return button;
}

/** Runs what a button is for, and says what came of it. */
export async function busy(
  button: HTMLButtonElement,
  act: () => Promise<string | void>,
): Promise<void> {
  button.disabled = true;
  try {
    const said = await act();
    if (said) {
      say(said);
    }
  } catch (error) {
    say(error instanceof Refusal ? error.message : "The sandbox cannot be reached", true);
  } finally {
    button.disabled = false;
  }
}

/** Makes a form whose fields are read by name when it is sent. */
export function form(
  act: (fields: FormData) => Promise<string | void>,
  attributes: Attributes,
  ...children: (Node | string)[]
): HTMLFormElement {
  const made: HTMLFormElement = h(
    "form",
    {
      ...attributes,
      submit: (event) => {
        event.preventDefault();
        const button = made.querySelector<HTMLButtonElement>("button[type=submit]");
        if (button) {
          void busy(button, async () => {
            const said = await act(new FormData(made));
            made.querySelectorAll<HTMLElement>("[data-dirty]").forEach((field) => delete field.dataset.dirty);
            return said;
          });
        }
      },
    },
    ...children,
  );
  return made;
}

export function field(label: string, control: HTMLElement): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, label), control);
}

export function options(pairs: [string, string][], chosen = ""): HTMLOptionElement[] {
  return pairs.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
}

/** Offers a few choices of which one holds. */
export function choice(
  label: string,
  pairs: [string, string][],
  chosen: string,
  choose: (value: string) => void,
): HTMLElement {
  return h(
    "div",
    { class: "choice", role: "group", "aria-label": label },
    pairs.map(([value, text]) =>
      h(
        "button",
        {
          type: "button",
          id: `choice-${value || "all"}`,
          "aria-pressed": String(value === chosen),
          click: () => choose(value),
        },
        text,
      ),
    ),
  );
}

export function facts(pairs: [string, Node | string | undefined][]): HTMLElement {
  const known = pairs.filter(([, value]) => value !== undefined && value !== "");
  return h("dl", { class: "facts" }, known.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

export function empty(title: string, text: string, ...more: Node[]): HTMLElement {
  return h("div", { class: "empty" }, h("p", { class: "strong" }, title), h("p", {}, text), ...more);
}

/** Shows a secret, this once. */
export function reveal(title: string, secrets: [string, string][]): void {
  const dialog = h(
    "dialog",
    { "aria-labelledby": "reveal-title", close: () => dialog.remove() },
    h("h2", { id: "reveal-title" }, title),
    h("p", { class: "quiet" }, "Copy it now; from here on it is shown masked."),
    facts(secrets.map(([name, secret]) => [name, copied(secret, name)])),
    h("form", { method: "dialog" }, h("button", { class: "primary" }, "Done")),
  );
  document.body.append(dialog);
  dialog.showModal();
}

export async function makeKey(): Promise<void> {
  const made = await post<{ api_key: string }>("/console/v1/keys");
  reveal("A new API key", [["API key", made.api_key]]);
}
