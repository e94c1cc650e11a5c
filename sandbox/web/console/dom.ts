// Makes elements. Whatever comes from outside becomes text, and nothing ever becomes HTML.

type Child = Node | string | number | null | undefined | false;
type Handler = (event: Event) => void;
export type Attributes = Record<string, string | number | boolean | null | undefined | Handler>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.flat().filter(isShown).map(toNode));
  return element;
}

function isShown(child: Child): child is Node | string | number {
  return child !== null && child !== undefined && child !== false;
}

function toNode(child: Node | string | number): Node | string {
  return typeof child === "number" ? String(child) : child;
}

/** Draws an icon of the page's own; `path` is never data. */
export function icon(path: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Puts new content in place, and keeps the focus, what was typed, unfolded and scrolled to. */
export function replace(parent: HTMLElement, ...children: (Node | string)[]): void {
  const focused = document.activeElement?.id;
  const open = new Set([...parent.querySelectorAll("details[open][id]")].map((at) => at.id));
  const scrolled = [...parent.querySelectorAll("[data-scroll]")].map((at) => at.scrollTop);
  const typed = new Map(fields(parent, "[data-dirty]").map((field) => [field.id, field.value]));
  const cursor = document.activeElement instanceof HTMLInputElement && document.activeElement.type === "search"
    ? document.activeElement.selectionStart : null;
  parent.replaceChildren(...children);
  for (const field of fields(parent, "[id]").filter((field) => typed.has(field.id))) {
    field.value = typed.get(field.id) ?? "";
    field.dataset.dirty = "";
  }
  for (const details of parent.querySelectorAll<HTMLDetailsElement>("details[id]")) {
    details.open ||= open.has(details.id);
  }
  parent.querySelectorAll("[data-scroll]").forEach((at, n) => (at.scrollTop = scrolled[n] ?? 0));
  if (focused && document.activeElement?.id !== focused) {
    const now = document.getElementById(focused);
    now?.focus({ preventScroll: true });
    if (now instanceof HTMLInputElement && cursor !== null) {
      now.setSelectionRange(cursor, cursor);
    }
  }
}

type Field = HTMLInputElement | HTMLSelectElement;

function fields(parent: HTMLElement, kind: string): Field[] {
  return [...parent.querySelectorAll<Field>("input, select")].filter((field) => field.matches(kind) && field.id);
}
