// A sandbox, a receiver of webhooks, and a browser.
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../../", import.meta.url));
export const artifacts = `${root}artifacts/browser/console-`;

export async function startSandbox(...more) {
  const program = `${process.env.CARGO_TARGET_DIR ?? `${root}target`}/debug/faststar`;
  const child = spawn(program, ["sandbox", "--json", "--until-stdin-closes", ...(more.includes("--port") ? more : ["--port", "0", ...more])], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const [line] = await new Promise((resolve, reject) => {
    child.once("error", reject);
    createInterface(child.stdout).once("line", (line) => resolve([line]));
  });
  const ready = JSON.parse(line);
  const call = async (path, body, key = ready.api_key) => {
    const answer = await fetch(ready.url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "X-API-Key": key, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return answer.json();
  };
  const stop = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      child.stdin.end();
    });
  return { ...ready, call, stop };
}

/** Takes webhooks and answers the first ones as told, the others with 200. */
export async function startReceiver(...answers) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(answers.shift() ?? 200).end());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/webhooks`, stop: () => server.close() };
}

export async function startBrowser() {
  await mkdir(`${root}artifacts/browser`, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}
