// Bundles the console into `dist`, which is committed: a bare `cargo build` needs no Node.
import { copyFile, mkdir } from "node:fs/promises";

import { build } from "esbuild";

await mkdir("dist", { recursive: true });
await build({
  entryPoints: ["console/console.ts", "console/shop.ts", "console/console.css"],
  outdir: "dist",
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  legalComments: "none",
  logLevel: "warning",
});
for (const name of ["console.html", "shop.html", "icon.svg"]) {
  await copyFile(`console/${name}`, `dist/${name}`);
}
