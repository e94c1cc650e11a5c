// The buyer's page: what the server says is shown, what the buyer says is sent.
import { h, icon } from "../common/dom";
import { pay, Refused, setCountry, show } from "./api";
import { due, money } from "./context";
import { Form } from "./form";
import { Format } from "./format";
import * as frame from "./frame";
import { ICONS } from "./icons";
import * as states from "./states";
import { summary } from "./summary";
import { choose, TEXTS } from "./texts";

import type { Payment } from "./api";
import type { Context } from "./context";
import type { Draft, Mistake } from "./form";
import type { Exit } from "./states";
import type { Language } from "./texts";
import type { Setting, Shown } from "./types";

type Step =
  | { name: "loading" | "missing" | "failed" | "form" | "expired" }
  | { name: "bank"; payment: Omit<Payment, "amount_total"> }
  | { name: "done"; isNew: boolean; isLeaving: boolean };

let { language, locale } = choose(navigator.languages);
let format = new Format(locale);
let shown: Shown | undefined;
let setting: Setting | undefined;
let step: Step = { name: "loading" };
let form: Form | undefined;
let draft: Draft | undefined;
let isWorking = false;
let computing: AbortController | undefined;

const header = h("header");
const main = h("main");
const status = h("p", { class: "hidden", role: "status" });

function context(): Context | undefined {
  return shown && setting && { language, texts: TEXTS[language], format, shown, setting };
}

function draw(): void {
  const texts = TEXTS[language];
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.documentElement.classList.toggle("framed", frame.isFramed);
  document.title = `${texts.title} · FastStar ${texts.sandbox}`;
  header.replaceChildren(
    h("span", { class: "brand" }, icon(ICONS.star, "star"), "FastStar"),
    languages(),
    h("p", { class: "band" }, texts.sandboxNote),
  );
  main.className = step.name;
  main.replaceChildren(...content());
}

function languages(): HTMLElement {
  const names: Record<Language, string> = { en: "English", zh: "简体中文" };
  const options = Object.entries(names).map(([code, name]) =>
    h("option", { value: code, lang: code, selected: code === language }, name),
  );
  const select = h("select", { class: "language", "aria-label": TEXTS[language].language }, ...options);
  select.addEventListener("change", () => {
    language = select.value as Language;
    locale = navigator.languages.find((it) => it.toLowerCase().startsWith(language)) ?? language;
    format = new Format(locale);
    keepDraft();
    draw();
    header.querySelector("select")?.focus();
  });
  return select;
}

function keepDraft(): void {
  draft = form?.draft ?? draft;
}

function content(): Node[] {
  const it = context();
  const texts = TEXTS[language];
  if (step.name === "missing") return [states.missing(texts)];
  if (step.name === "failed") return [states.failed(texts, load)];
  if (!it || step.name === "loading") return [states.loading(texts)];
  const order = h("section", { class: "order", "aria-label": texts.summary }, ...summary(it));
  switch (step.name) {
    case "form": {
      const email = it.shown.session.customer_email ?? "";
      const empty = { typed: { email, number: "", expiry: "", cvc: "" }, mistakes: {} };
      form = new Form(it, draft ?? empty, { pay: submit, nameCountry });
      form.setState(isWorking ? "working" : computing ? "computing" : "ready");
      return [order, h("section", { class: "buyer" }, form.element, ...foot(it))];
    }
    case "bank": {
      const { payment } = step;
      const answer = (authentication: "approved" | "failed") => submit({ ...payment, authentication });
      const back = () => {
        if (!isWorking) go({ name: "form" });
      };
      return [states.bank(it, payment.card.number.slice(-4), answer, back)];
    }
    case "done":
      return [states.done(it, step.isNew, exit(it.shown.session.success_url), step.isLeaving)];
    case "expired":
      return [states.expired(it, exit(it.shown.session.cancel_url))];
  }
}

function foot({ texts, shown: { session } }: Context): Node[] {
  const back = frame.isFramed ? null : exit(session.cancel_url);
  return [
    h("p", { class: "note" }, texts.expires(format.time(session.expires_at))),
    ...(back && "href" in back
      ? [h("a", { class: "plain-button", href: back.href, rel: "noreferrer" }, icon(ICONS.back), texts.back)]
      : []),
  ];
}

/** Gives the way on: out of the overlay, or to a URL that the shop has stored. */
function exit(url: string | null): Exit {
  if (frame.hasOverlay()) return { onClick: () => frame.tell("close") };
  const isWeb = url !== null && /^https?:\/\//i.test(url);
  return isWeb ? { href: url, isTop: frame.isFramed } : null;
}

/** Goes to a step and takes the focus there, since what had it is gone. */
function go(next: Step): void {
  keepDraft();
  if (step.name === "form" && next.name !== "form") form = undefined;
  step = next;
  draw();
  main.querySelector<HTMLElement>("h1[tabindex]")?.focus();
}

async function load(): Promise<void> {
  if (step.name === "failed") go({ name: "loading" });
  try {
    const { test_cards, places, ...rest } = await show();
    setting = { test_cards, places };
    shown = rest;
    // Before this page was loaded anew, it may have been at work.
    frame.tell("busy", { busy: isWorking });
    frame.tell("loaded");
    settle(false);
  } catch (error) {
    // Gone for good, or to be tried again; what is on the page already stays.
    const isMissing = error instanceof Refused && error.code === "not_found";
    if (shown && !isMissing) return;
    go({ name: isMissing ? "missing" : "failed" });
    frame.tell("error", { code: isMissing ? "not_found" : "unreachable" });
  }
}

/** Goes where the session's status leads. `isNew` where this page has just completed it. */
function settle(isNew: boolean): void {
  const session = shown?.session;
  if (session?.status === "complete") {
    const way = exit(session.success_url);
    const isLeaving = isNew && !frame.isFramed && way !== null && "href" in way;
    draft = undefined;
    go({ name: "done", isNew, isLeaving });
    frame.tell("success");
    if (isLeaving) location.replace(way.href);
  } else if (session?.status === "expired") {
    go({ name: "expired" });
  } else if (step.name === "form") {
    redraw();
  } else if (step.name !== "bank") {
    go({ name: "form" });
  }
}

/** Shows new figures and leaves the form as it is. */
function redraw(): void {
  const it = context();
  if (!it) return;
  main.querySelector(".order")?.replaceChildren(...summary(it));
  form?.update(it);
}

function setWorking(is: boolean): void {
  isWorking = is;
  form?.setState(is ? "working" : "ready");
  main.toggleAttribute("data-working", is);
  // The bank's, which has no form.
  for (const button of main.querySelectorAll(".panel button")) button.setAttribute("aria-disabled", String(is));
  if (is) status.textContent = TEXTS[language].working;
  frame.tell("busy", { busy: is });
}

async function submit(payment: Omit<Payment, "amount_total">): Promise<void> {
  if (isWorking || computing || !shown) return;
  setWorking(true);
  try {
    shown = await pay({ ...payment, amount_total: shown.session.amount_total });
    setWorking(false);
    settle(true);
  } catch (error) {
    setWorking(false);
    await refused(error, payment);
  }
}

async function refused(error: unknown, payment: Omit<Payment, "amount_total">): Promise<void> {
  const { code, param } = error instanceof Refused ? error : new Refused("other");
  const isOver = code === "session_already_completed" || code === "session_expired";
  if (isOver || code === "amount_changed") await load();
  if (isOver && shown?.session.status !== "open") return;
  if (code === "authentication_required") {
    go({ name: "bank", payment });
    return;
  }
  if (step.name !== "form") go({ name: "form" });
  if (code === "card_declined") {
    frame.tell("declined");
    form?.focusCard();
  }
  const field = { "card.number": "number", customer_email: "email" }[param ?? ""] as "number" | "email" | undefined;
  if (field && code !== "card_declined") form?.fail(field, field);
  else form?.fail(code in TEXTS[language].errors ? (code as Mistake) : "other");
}

async function nameCountry(place: string): Promise<void> {
  if (!place || isWorking) return;
  computing?.abort();
  const mine = (computing = new AbortController());
  form?.setState("computing");
  let failure: Refused | undefined;
  try {
    const answer = await setCountry(place, mine.signal);
    if (mine !== computing) return;
    shown = answer;
  } catch (error) {
    // Another place was named since.
    if (mine !== computing) return;
    failure = error instanceof Refused ? error : new Refused("other");
  }
  computing = undefined;
  form?.setState("ready");
  const isOver = failure && /^session_/.test(failure.code);
  if (isOver) return load();
  // After a failure too: the field goes back to the place that the total is for.
  redraw();
  if (failure) form?.fail(failure.code === "unreachable" ? "unreachable" : "other");
  const it = context();
  if (it) status.textContent = `${it.texts.total}: ${money(it, due(it))}`;
}

frame.listen();
document.body.append(header, main, status);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !isWorking) frame.tell("close");
});
// Another tab, or `faststar complete`, may have changed it since.
const lookAgain = () => {
  if (document.visibilityState === "visible" && step.name === "form" && !isWorking && !computing) void load();
};
document.addEventListener("visibilitychange", lookAgain);
addEventListener("pageshow", (event) => {
  if (event.persisted) void load();
});
draw();
void load();
