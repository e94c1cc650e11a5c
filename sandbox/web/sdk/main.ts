import { FastStarError } from "./error";
import { emit, off, on, once } from "./events";
import { Overlay } from "./overlay";
import { allowSandbox, check, ownSandbox } from "./url";

import type FastStar from "./faststar.d.ts";

/** Hands the library to a script tag, CommonJS or AMD; the build puts it around this file. */
declare const publish: (library: FastStar.Static, script: HTMLOrSVGScriptElement | null) => void;

/** Where the first copy on a page leaves itself for later ones, whichever URL or loader they come by. */
const KEY = Symbol.for("faststar.js/1");

let overlay: Overlay | undefined;

const library: FastStar.Static = {
  version: "1.0.0",
  checkout: {
    async open(options) {
      const url = check(options?.url);
      // Its removal may not have been reported yet.
      if (overlay?.isGone) overlay.close();
      if (overlay && overlay.url.href !== url.href) {
        throw new FastStarError("already_open", "another checkout is open; close it first");
      }
      if (overlay) return overlay.result;
      const { id, result } = (overlay = new Overlay(url, () => (overlay = undefined)));
      emit("checkout.opened", { checkout_session_id: id });
      return result;
    },
    close() {
      overlay?.close();
    },
  },
  init(options) {
    if (options?.origin !== undefined && !allowSandbox(options.origin)) {
      throw new FastStarError("invalid_url", "origin must be a sandbox's on this machine");
    }
  },
  on,
  once,
  off,
};

const shared = ((globalThis as { [KEY]?: FastStar.Static })[KEY] ??= library);
// A server that renders pages may load this file; there is no document then.
const script = typeof document === "undefined" ? null : document.currentScript;
const origin = ownSandbox(script);
if (origin) shared.init({ origin });
publish(shared, script);
