import { FastStarError } from "./error";

const PLATFORM = ["https://cashier.faststarpay.com", "https://merchant.faststarpay.com"];

/** The sandboxes that this file came from or that `init` named, without the machine's name: it has several. */
const sandboxes = new Set<string>();

function key(url: URL): string {
  return `${url.protocol}${url.port}`;
}

function isLocal(url: URL): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

function parse(text: unknown): URL | undefined {
  // Beyond what `URL` refuses: what two parsers might read in two ways.
  if (typeof text !== "string" || !/^https?:\/\/[!-[\]-~]+$/i.test(text) || !URL.canParse(text)) {
    return undefined;
  }
  const url = new URL(text);
  return url.username || url.password ? undefined : url;
}

/** Allows a sandbox's origin; `false` where it is not on this machine. */
export function allowSandbox(origin: string): boolean {
  const url = parse(origin);
  if (!url || !isLocal(url)) return false;
  sandboxes.add(key(url));
  return true;
}

/**
 * Finds the sandbox that served this file. A module has no `currentScript`, and a classic script no
 * `import.meta`, so the stack tells the URL there. A file served from elsewhere has none.
 */
export function ownSandbox(script: HTMLOrSVGScriptElement | null): string | undefined {
  const source = (script as HTMLScriptElement | null)?.src || String(new Error().stack);
  const url = parse(/https?:\/\/[^\s()@]+?\/sdk\/v1\/faststar\.min\.js/.exec(source)?.[0]);
  return url && isLocal(url) ? url.origin : undefined;
}

/** Checks that a url is the cashier's: scheme, host and port, exactly. */
export function check(text: unknown): URL {
  const url = parse(text);
  if (!url) {
    throw new FastStarError("invalid_url", "url must be the http(s) url that creating a session gave");
  }
  const isSandbox = isLocal(url) && sandboxes.has(key(url));
  if (!isSandbox && !PLATFORM.includes(url.origin)) {
    const hint = isLocal(url) ? `; for your sandbox, call FastStar.init({ origin: "${url.origin}" }) first` : "";
    throw new FastStarError("origin_not_allowed", `refusing to open ${url.origin}: not a cashier origin${hint}`);
  }
  return url;
}
