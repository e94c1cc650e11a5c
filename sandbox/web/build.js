// Bundles the pages and FastStar.js into `dist`, which is committed: a bare `cargo build` needs no
// Node. `node build.js elsewhere` writes to another folder, so that the two can be compared.
import { copyFile, mkdir, readFile } from "node:fs/promises";

import { build, transform } from "esbuild";

const outdir = process.argv[2] ?? "dist";
const shared = {
  outdir,
  bundle: true,
  minify: true,
  charset: "utf8",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  legalComments: "none",
  logLevel: "warning",
};

await mkdir(outdir, { recursive: true });
await build({
  ...shared,
  entryPoints: [
    "cashier/cashier.ts",
    "cashier/cashier.css",
    "console/console.ts",
    "console/console.css",
    "console/shop.ts",
  ],
  entryNames: "[name]",
  format: "esm",
});
// Its style is a text in it, minified as such.
const minifiedCss = {
  name: "minified-css",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), {
        loader: "css",
        minify: true,
        target: shared.target,
      });
      return { contents: code.trim(), loader: "text" };
    });
  },
};
// FastStar.js is one file for a script tag, CommonJS and AMD; `publish` is what main.ts calls.
//
// - CommonJS: the `module` of a file, which a page's global of that name is not.
// - AMD: where a loader asked for the file. RequireJS marks its script elements; a nameless `define`
//   from any other element breaks the page's loader. A loader that evaluates text has no element.
// - Else, also as an ES module, where `this` is undefined: the global.
const publish = `(f,s)=>{
  var g=globalThis;
  "object"==typeof module&&module&&module!==g.module&&module.exports?module.exports=f:
  "function"==typeof define&&define.amd&&this&&(!s||s.hasAttribute("data-requiremodule"))?define(function(){return f}):
  g.FastStar=f
}`;
await build({
  ...shared,
  entryPoints: { "faststar.min": "sdk/main.ts" },
  format: "iife",
  plugins: [minifiedCss],
  banner: { js: "(function(publish){" },
  footer: { js: `})(${publish.replace(/\n\s*/g, "")});` },
});
const copied = [
  "cashier/cashier.html",
  "cashier/icon.svg",
  "console/console.html",
  "console/shop.html",
  "sdk/faststar.d.ts",
];
for (const path of copied) {
  await copyFile(path, `${outdir}/${path.split("/").pop()}`);
}
