import { h, icon } from "../common/dom";
import { digits, expiry, grouped, spaced } from "./card";
import { due, isFree, modeOf, money } from "./context";
import { ICONS } from "./icons";
import { regionName } from "./regions";

import type { Payment } from "./api";
import type { Context } from "./context";
import type { Texts } from "./texts";

export type Field = "email" | "country" | "number" | "expiry" | "cvc";

type Typed = Exclude<Field, "country">;

/** What can be wrong with the form, as the texts name it. */
export type Mistake = keyof Texts["errors"];

/** What the buyer has typed, and what was said to it; both outlive a change of language. */
export interface Draft {
  typed: Record<Typed, string>;
  mistakes: Partial<Record<Field, Mistake>>;
  warning?: Mistake | undefined;
}

export interface Actions {
  pay(payment: Omit<Payment, "amount_total" | "authentication">): void;
  nameCountry(place: string): void;
}

/** The buyer's form. */
export class Form {
  readonly element: HTMLFormElement;
  readonly #inputs = {} as Record<Typed, HTMLInputElement>;
  readonly #errors = {} as Record<Field, HTMLElement>;
  readonly #mistakes: Partial<Record<Field, Mistake>> = {};
  #warning: Mistake | undefined;
  readonly #alert = h("div", { class: "alert", role: "alert" });
  readonly #submit = h("button", { type: "submit", class: "primary" });
  readonly #place = h("div", { class: "place" });
  #country: HTMLSelectElement | undefined;
  #region: HTMLSelectElement | undefined;
  /** The place that the two are drawn for. */
  #drawn: string | undefined;
  #context: Context;
  readonly #actions: Actions;
  #state: "ready" | "computing" | "working" = "ready";

  constructor(context: Context, draft: Draft, actions: Actions) {
    this.#context = context;
    this.#actions = actions;
    const { texts } = context;
    this.element = h(
      "form",
      { novalidate: true, autocomplete: "off", submit: (event: Event) => this.#onSubmit(event) },
      this.#input("email", texts.email, { type: "email", autocomplete: "email", inputmode: "email" }),
      modeOf(context) !== "setup" && this.#place,
      h(
        "fieldset",
        {},
        h("legend", {}, texts.card),
        this.#testCards(),
        // Off, so that a browser does not offer the buyer's real card to a sandbox.
        this.#input("number", texts.cardNumber, { inputmode: "numeric", placeholder: "4242 4242 4242 4242" }),
        h(
          "div",
          { class: "pair" },
          this.#input("expiry", texts.expiry, { inputmode: "numeric", placeholder: texts.expiryHint }),
          this.#input("cvc", texts.cvc, { inputmode: "numeric", placeholder: "123", maxlength: 4 }),
        ),
      ),
      this.#alert,
      this.#submit,
    );
    for (const [name, value] of Object.entries(draft.typed)) this.#inputs[name as Typed].value = value;
    this.#inputs.number.addEventListener("input", (event) => reformat(event, grouped));
    this.#inputs.expiry.addEventListener("input", (event) => reformat(event, spaced));
    this.update(context);
    for (const [field, mistake] of Object.entries(draft.mistakes)) this.#mark(field as Field, mistake);
    this.#warn(draft.warning);
  }

  get draft(): Draft {
    const { email, number, expiry, cvc } = this.#inputs;
    return {
      typed: { email: email.value, number: number.value, expiry: expiry.value, cvc: cvc.value },
      mistakes: { ...this.#mistakes },
      warning: this.#warning,
    };
  }

  /** Takes a new answer of the server's. */
  update(context: Context): void {
    this.#context = context;
    this.#drawPlace();
    this.setState(this.#state);
  }

  setState(state: "ready" | "computing" | "working"): void {
    this.#state = state;
    const { texts } = this.#context;
    const isBusy = state !== "ready";
    // Not `disabled`, which would take the focus away.
    this.#submit.setAttribute("aria-disabled", String(isBusy));
    this.element.setAttribute("aria-busy", String(isBusy));
    const label = { ready: this.#payLabel(), computing: texts.computing, working: texts.working }[state];
    const symbol = isBusy ? h("span", { class: "spinner" }) : icon(ICONS.lock);
    this.#submit.replaceChildren(symbol, h("span", {}, label));
  }

  /** Shows what went wrong: beside its field, or for all of the form. */
  fail(mistake: Mistake, field?: Field): void {
    if (field) {
      this.#mark(field, mistake);
      this.#control(field)?.focus();
    } else {
      this.#warn(mistake);
    }
  }

  #warn(mistake?: Mistake): void {
    this.#warning = mistake;
    this.#alert.replaceChildren();
    if (!mistake) return;
    this.#alert.append(icon(ICONS.alert), h("span", {}, this.#context.texts.errors[mistake]));
    this.#alert.scrollIntoView({ block: "nearest" });
  }

  focusCard(): void {
    this.#inputs.number.focus();
    this.#inputs.number.select();
  }

  #payLabel(): string {
    const { texts } = this.#context;
    const mode = modeOf(this.#context);
    if (mode === "setup") return texts.save;
    if (isFree(this.#context)) return texts.startTrial;
    const amount = money(this.#context, due(this.#context));
    return mode === "subscription" ? texts.subscribe(amount) : texts.pay(amount);
  }

  #onSubmit(event: Event): void {
    event.preventDefault();
    if (this.#state !== "ready") return;
    this.#warn();
    const { setting, shown } = this.#context;
    const given = shown.session.customer_email;
    const { typed } = this.draft;
    const email = typed.email.trim();
    const number = digits(typed.number);
    const until = expiry(typed.expiry, new Date());
    const cvc = digits(typed.cvc);
    // A number that is no test card's does not leave this page.
    const isKnown = setting.test_cards.some((card) => card.number === number);
    const needsCountry = this.#country !== undefined && this.#country.value === "";
    const mistakes: [Field, boolean][] = [
      // What the shop has sent is good: a browser knows fewer addresses than there are.
      ["email", email !== "" && email !== given && !this.#inputs.email.checkValidity()],
      ["country", needsCountry],
      ["number", !isKnown],
      ["expiry", !until],
      ["cvc", cvc.length < 3],
    ];
    for (const [field, isWrong] of mistakes) this.#mark(field, isWrong ? field : undefined);
    const first = mistakes.find(([, isWrong]) => isWrong);
    if (first || !until) {
      this.#warn("fields");
      // After it, so that the field is seen where not both can be.
      if (first) this.#control(first[0])?.focus();
      return;
    }
    this.#actions.pay({
      card: { number, exp_month: until.month, exp_year: until.year, cvc },
      ...(email && { customer_email: email }),
    });
  }

  #control(field: Field): HTMLElement | undefined {
    return field === "country" ? this.#country : this.#inputs[field];
  }

  #mark(field: Field, mistake?: Mistake): void {
    if (mistake) this.#mistakes[field] = mistake;
    else delete this.#mistakes[field];
    this.#errors[field]?.replaceChildren(mistake ? this.#context.texts.errors[mistake] : "");
    const control = this.#control(field);
    if (mistake) control?.setAttribute("aria-invalid", "true");
    else control?.removeAttribute("aria-invalid");
  }

  #input(name: Typed, label: string, attributes: Record<string, unknown>): HTMLElement {
    const input = (this.#inputs[name] = h("input", {
      id: name,
      name,
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": `${name}-error`,
      ...attributes,
      input: () => this.#mark(name),
    }));
    return this.#labelled(name, label, input);
  }

  #labelled(name: Field, label: string, control: HTMLElement): HTMLElement {
    const error = (this.#errors[name] = h("p", { class: "error", id: `${name}-error` }));
    return h("div", { class: "field" }, h("label", { for: name }, label), control, error);
  }

  #testCards(): HTMLElement {
    const { texts, setting } = this.#context;
    const chips = setting.test_cards.map((card) =>
      h(
        "button",
        { type: "button", class: `chip ${card.behaviour}`, click: () => this.#fill(card.number) },
        h("span", {}, texts.behaviours[card.behaviour] ?? card.behaviour),
        " ",
        h("span", { class: "chip-card" }, `${card.brand} ${card.number.slice(-4)}`),
      ),
    );
    return h("div", { class: "chips", role: "group", "aria-label": texts.testCards }, h("p", {}, texts.testCards), ...chips);
  }

  #fill(number: string): void {
    const year = (new Date().getFullYear() + 4) % 100;
    this.#inputs.number.value = grouped(number);
    this.#inputs.expiry.value = `12 / ${String(year).padStart(2, "0")}`;
    this.#inputs.cvc.value = "123";
    for (const field of ["number", "expiry", "cvc"] as const) this.#mark(field);
    this.#warn();
  }

  #drawPlace(): void {
    const { texts, format, setting, shown, language } = this.#context;
    const place = shown.session.buyer_country?.toUpperCase() ?? "";
    const country = place.slice(0, 2);
    const codes = setting.places.filter((it) => it.length === 2);
    if (country && !codes.includes(country)) codes.push(country);
    const regions = setting.places.filter((it) => it.length > 2 && it.startsWith(`${country}-`));
    const chosen = regions.includes(place) ? place : country;
    if (this.#drawn === place) {
      // Left in place, since the buyer may have one of them open.
      if (this.#country) this.#country.value = country;
      if (this.#region) this.#region.value = chosen;
      return;
    }
    this.#drawn = place;
    delete this.#mistakes.country;
    const hadFocus = this.#place.contains(document.activeElement) && document.activeElement?.id;

    const option = (value: string, label: string, chosen: string) =>
      h("option", { value, selected: value === chosen }, label);
    const countries = h(
      "select",
      { id: "country", autocomplete: "country", "aria-describedby": "country-error", required: true },
      !country && option("", texts.chooseCountry, country),
      ...format.countries(codes).map(({ code, name }) => option(code, name, country)),
    );
    this.#country = modeOf(this.#context) === "setup" ? undefined : countries;
    this.#region = undefined;
    const parts = [this.#labelled("country", texts.country, countries)];
    countries.addEventListener("change", () => this.#actions.nameCountry(countries.value));
    if (country && regions.length > 0) {
      const named = regions.map((it) => ({ it, name: regionName(it, language) }));
      named.sort((a, b) => a.name.localeCompare(b.name, format.locale));
      const select = h(
        "select",
        { id: "region" },
        option(country, texts.anyRegion, chosen),
        ...named.map(({ it, name }) => option(it, name, chosen)),
      );
      this.#region = select;
      select.addEventListener("change", () => this.#actions.nameCountry(select.value));
      parts.push(h("div", { class: "field" }, h("label", { for: "region" }, texts.region), select));
    }
    this.#place.replaceChildren(...parts);
    if (hadFocus) (this.#place.querySelector<HTMLElement>(`#${hadFocus}`) ?? countries).focus();
  }
}

/** Writes a field anew as it is typed at its end; in its middle the caret would jump. */
function reformat(event: Event, write: (text: string) => string): void {
  const input = event.target as HTMLInputElement;
  const isAtEnd = input.selectionStart === input.value.length;
  const isDeletion = (event as InputEvent).inputType?.startsWith("delete");
  if (isAtEnd && !isDeletion) input.value = write(input.value);
}
