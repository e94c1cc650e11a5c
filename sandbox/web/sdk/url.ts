import { FastStarError } from "./error";

const PLATFORM = ["https://cashier.faststarpay.com", "https://merchant.faststarpay.com"];

/** The sandbox that this file came from or that `init` named; its names of this machine are one. */
let sandbox: URL | undefined;

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

/** Takes the sandbox's origin; that of the script is no mistake where it is not a sandbox's. */
export function allowSandbox(origin: string): boolean {
  const url = parse(origin);
  if (!url || !isLocal(url)) return false;
  sandbox = url;
  return true;
}

/** Checks that a url is the cashier's: scheme, host and port, exactly. */
export function check(text: unknown): URL {
  const url = parse(text);
  if (!url) {
    throw new FastStarError("invalid_url", "url must be the http(s) url that creating a session gave");
  }
  const isSandbox =
    sandbox && isLocal(url) && url.protocol === sandbox.protocol && url.port === sandbox.port;
  if (!isSandbox && !PLATFORM.includes(url.origin)) {
    throw new FastStarError("origin_not_allowed", `${url.origin} is not the cashier's, so it is not opened`);
  }
  return url;
}
