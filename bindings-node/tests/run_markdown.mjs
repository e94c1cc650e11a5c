/**
 * Runs the JavaScript of Markdown files as it is written: `node run_markdown.mjs FOLDER FILE…`.
 *
 * Each block that starts with ```` ```js ```` runs, and no other. The blocks of a file are one module in
 * FOLDER, which has the installed package and need not have anything else. The environment has a fresh
 * merchant's `FASTSTAR_API_KEY`, `FASTSTAR_BASE_URL` and `FASTSTAR_WEBHOOK_SECRET`.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { Sandbox } from './support.mjs';

const BLOCK = /^```js\n(.*?)^```$/gms;

/** Gives the module that the blocks of a text are, each at the line where it stands; and their number. */
export function moduleOf(text) {
  let code = '';
  let lines = 0;
  let count = 0;
  for (const { 1: block, index } of text.matchAll(BLOCK)) {
    const line = text.slice(0, index).split('\n').length;
    code += '\n'.repeat(line - lines) + block;
    lines = line + block.split('\n').length - 1;
    count += 1;
  }
  return { code, count };
}

/** Runs the blocks of a file in a folder, and gives how many there were. */
export function run(folder, file, env) {
  const { code, count } = moduleOf(readFileSync(file, 'utf8'));
  const module = join(folder, `${basename(file, '.md')}.mjs`);
  writeFileSync(module, code);
  execFileSync(process.execPath, [module], { cwd: folder, env, stdio: 'pipe' });
  return count;
}

if (process.argv[1]?.endsWith('run_markdown.mjs')) {
  const [folder, ...files] = process.argv.slice(2);
  const sandbox = await Sandbox.start();
  try {
    for (const file of files) {
      const count = run(folder, file, await sandbox.shop());
      if (count === 0) throw new Error(`${file} has no block`);
      console.log(`${file}: ${count} blocks ran`);
    }
  } finally {
    await sandbox.stop();
  }
}
