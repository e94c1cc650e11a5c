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
