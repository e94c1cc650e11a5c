import { sessionId } from "./api";

/** Whether another page shows this one. */
export const isFramed = window.parent !== window;

let allowed: string[] | undefined;
let greeting: string | undefined;
/** Who says hello from an origin that may; only it is told anything. */
let parentOrigin: string | undefined;
const waiting: object[] = [];

/** Whether the page around this one is FastStar.js's, which can close the overlay. */
export function hasOverlay(): boolean {
  return parentOrigin !== undefined;
}

function mayFrame(origin: string): boolean {
  if (origin === location.origin) return true;
  return (allowed ?? []).some((source) =>
    source.endsWith(":*") ? origin.replace(/:\d+$/, "") === source.slice(0, -2) : origin === source,
  );
}

function meet(): void {
  if (!allowed || greeting === undefined || !mayFrame(greeting)) return;
  parentOrigin = greeting;
  for (const message of waiting.splice(0)) window.parent.postMessage(message, parentOrigin);
}

/** Listens for the page around this one. Its hello may come before it is known who may say it. */
export function listen(): void {
  addEventListener("message", (event: MessageEvent) => {
    const message = event.data as { faststar?: unknown; type?: unknown } | null;
    const isHello =
      typeof message === "object" && message?.faststar === 1 && message.type === "hello";
    if (!isFramed || !isHello || event.source !== window.parent) return;
    greeting = event.origin;
    meet();
  });
}

/** Says which origins may frame this page, beside its own. */
export function allow(origins: string[]): void {
  allowed = origins;
  meet();
}

/** Tells the page around this one, as soon as it has said hello. */
export function tell(type: string, more: object = {}): void {
  if (!isFramed) return;
  const message = { faststar: 1, type, checkout_session_id: sessionId, ...more };
  if (parentOrigin === undefined) waiting.push(message);
  else window.parent.postMessage(message, parentOrigin);
}
