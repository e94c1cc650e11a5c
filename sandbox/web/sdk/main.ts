import type FastStar from "./faststar.d.ts";

/** Hands the library to a script tag, CommonJS or AMD; the build puts it around this file. */
declare const publish: (library: FastStar.Static) => void;

publish({
  checkout: {
    async open({ url }) {
      location.assign(url);
    },
  },
});
