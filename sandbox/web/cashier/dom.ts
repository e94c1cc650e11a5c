type Child = Node | string | null | undefined | false;

interface Properties {
  class?: string;
  on?: Record<string, (event: never) => void>;
  [attribute: string]: unknown;
}

/** Makes an element of attributes and of nodes and texts; no text is ever read as HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  const { on, ...attributes } = properties;
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(attribute, "");
    else if (value !== false && value !== undefined) element.setAttribute(attribute, String(value));
  }
  for (const [event, listener] of Object.entries(on ?? {})) {
    element.addEventListener(event, listener as EventListener);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Draws an icon of one path in a box of 24. */
export function icon(path: string, className = "icon"): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  star: "M12 2.5c.7 5.700 2.900 8.300 9.500 9.500-6.600 1.200-8.800 3.800-9.500 9.500-.7-5.700-2.900-8.300-9.500-9.500 6.600-1.200 8.800-3.800 9.500-9.500z",
  check: "M5 12.500l4.500 4.500L19 7.500",
  clock: "M12 7v5l3.500 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  alert: "M12 8v5m0 3.200v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  shield: "M12 3l7.500 2.500v6c0 4.500-3 7.800-7.500 9.500-4.500-1.700-7.500-5-7.500-9.500v-6zM9 12l2.200 2.200L15.500 10",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z",
  back: "M10 6l-6 6 6 6M4 12h16",
};
