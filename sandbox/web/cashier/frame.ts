import { sessionId } from "./api";

/** Whether another page shows this one. */
export const isFramed = window.parent !== window;

/** The origins that may frame this page beside its own, as the server's policy says them. */
const allowed =
  document.querySelector<HTMLMetaElement>("meta[name=frame-ancestors]")?.content.split(" ") ?? [];
/** Who says hello from an origin that may; only it is told anything. */
let parentOrigin: string | undefined;
const waiting: object[] = [];

/** Whether the page around this one is FastStar.js's, which can close the overlay. */
export function hasOverlay(): boolean {
  return parentOrigin !== undefined;
}

function mayFrame(origin: string): boolean {
  if (origin === location.origin) return true;
  return allowed.some((source) =>
    source.endsWith(":*") ? origin.replace(/:\d+$/, "") === source.slice(0, -2) : origin === source,
  );
}

/** Listens for the page around this one. */
export function listen(): void {
  addEventListener("message", (event: MessageEvent) => {
    const message = event.data as { faststar?: unknown; type?: unknown } | null;
    const isHello =
      typeof message === "object" && message?.faststar === 1 && message.type === "hello";
    if (!isFramed || !isHello || event.source !== window.parent || !mayFrame(event.origin)) return;
    parentOrigin = event.origin;
    for (const message of waiting.splice(0)) window.parent.postMessage(message, parentOrigin);
  });
}

/** Tells the page around this one, as soon as it has said hello. */
export function tell(type: string, more: object = {}): void {
  if (!isFramed) return;
  const message = { faststar: 1, type, checkout_session_id: sessionId, ...more };
  if (parentOrigin === undefined) waiting.push(message);
  else window.parent.postMessage(message, parentOrigin);
}
