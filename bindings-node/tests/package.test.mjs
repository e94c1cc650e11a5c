/** What is published: the tarballs, in an empty folder; its types; the documents that show it. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { Sandbox } from 'faststar/testing';
import { moduleOf, run as runBlocks, shopOf } from './run_markdown.mjs';
import { PACKAGE, ROOT, SANDBOX } from './support.mjs';

const RUNNERS = join(PACKAGE, 'tests/runners');
const { glibcVersionRuntime } = process.report.getReport().header;
const LIBC = process.platform !== 'linux' ? '' : glibcVersionRuntime ? '-gnu' : '-musl';
const PLATFORM = `${process.platform}-${process.arch}${LIBC}`;

const bin = (name) => join(PACKAGE, 'node_modules/.bin', name);

function ran(command, args, options = {}) {
  try {
    return execFileSync(command, args, { cwd: PACKAGE, encoding: 'utf8', stdio: 'pipe', ...options });
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`);
  }
}

let folder;
let tarballs;
let sandbox;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faststar-shop-'));
  const packs = join(folder, 'packs');
  ran(process.execPath, ['pack.mjs', packs]);
  // The program of this checkout, as a program of a few bytes.
  const program = join(folder, 'programs', PLATFORM, 'faststar');
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, `#!/bin/sh\nexec '${SANDBOX}' "$@"\n`, { mode: 0o755 });
  ran(process.execPath, [join(ROOT, 'sandbox/npm/pack.mjs'), packs, join(folder, 'programs')]);
  tarballs = readdirSync(packs).map((name) => join(packs, name));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  ran('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  sandbox = await Sandbox.start();
});

after(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

const main = () => tarballs.find((path) => /faststar-\d/.test(path));

test('the tarballs alone serve an empty folder, from both module systems', async () => {
  const env = await shopOf(sandbox);
  const use = `
    const faststar = new FastStar();
    faststar.checkout.sessions.create({ mode: 'setup', presentation: 'link' }).then(({ session }) => {
      console.log(session.status, quote({ currency: 'EUR', lines: [{ unit_amount: 4900, quantity: 1 }], country: 'DE' }).total);
    });
  `;
  writeFileSync(join(folder, 'shop.mjs'), `import { FastStar, quote } from 'faststar';${use}`);
  writeFileSync(join(folder, 'shop.cjs'), `const { FastStar, quote } = require('faststar');${use}`);
  for (const name of ['shop.mjs', 'shop.cjs']) {
    assert.equal(ran(process.execPath, [name], { cwd: folder, env }), 'open 4900\n');
  }
});

test('what is published has no dependency, its licences, and no file of the workshop', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/faststar/package.json')));
  assert.equal(manifest.dependencies, undefined);
  assert.deepEqual(manifest.optionalDependencies, { [`faststar-${PLATFORM}`]: manifest.version });
  assert.deepEqual(manifest.peerDependenciesMeta, { 'faststar-sandbox': { optional: true } });
  const sandbox = JSON.parse(readFileSync(join(folder, 'node_modules/faststar-sandbox/package.json')));
  assert.deepEqual(sandbox.optionalDependencies, { [`faststar-sandbox-${PLATFORM}`]: manifest.version });
  for (const tarball of tarballs) {
    const names = ran('tar', ['-tzf', tarball]).split('\n');
    assert.ok(names.includes('package/LICENSE-MIT') && names.includes('package/LICENSE-APACHE'), tarball);
    assert.deepEqual(names.filter((name) => /src-ts|tests|\.map$|tsconfig/.test(name)), []);
    const isAddon = /faststar-(linux|darwin|win32)/.test(tarball);
    assert.equal(names.some((name) => name.endsWith('.node')), isAddon);
    assert.equal(names.includes('package/faststar'), /sandbox-(linux|darwin)/.test(tarball));
  }
});

test('every part of the package loads without an environment, as in a build of Next', () => {
  const { exports } = JSON.parse(readFileSync(join(folder, 'node_modules/faststar/package.json')));
  const names = Object.keys(exports).filter((name) => !name.endsWith('.json')).map((name) => `faststar${name.slice(1)}`);
  assert.ok(names.includes('faststar/next'));
  for (const load of ['require', 'await import']) {
    const script = names.map((name) => `${load}('${name}');`).join('');
    const type = load === 'require' ? 'commonjs' : 'module';
    ran(process.execPath, [`--input-type=${type}`, '--eval', script], { cwd: folder, env: {} });
  }
});

test('npm has the program as `faststar`, which ends by the signal that it gets', async () => {
  const program = join(folder, 'node_modules/.bin/faststar');
  assert.match(ran(program, ['--version']), /^faststar \d/);
  assert.throws(() => ran(program, ['no-such-command']), /no-such-command/);
  const child = spawn(program, ['sandbox', '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { url } = JSON.parse((await once(child.stdout, 'data'))[0]);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await assert.rejects(fetch(url), /fetch failed/);
});

test('npm without optional dependencies is told what is missing', () => {
  const name = `node_modules/faststar-sandbox-${PLATFORM}`;
  renameSync(join(folder, name), join(folder, 'away'));
  try {
    const missing = new RegExp(`the sandbox needs the package faststar-sandbox-${PLATFORM}; it is missing where`);
    assert.throws(() => ran(join(folder, 'node_modules/.bin/faststar'), ['--version']), missing);
  } finally {
    renameSync(join(folder, 'away'), join(folder, name));
  }
});

for (const runner of ['vitest', 'jest']) {
  test(`faststar/testing serves ${runner}, and finds the sandbox that npm installed`, () => {
    symlinkSync(join(RUNNERS, 'node_modules', runner), join(folder, 'node_modules', runner));
    const file = readdirSync(RUNNERS).find((name) => name.includes(`.${runner}.test.`));
    copyFileSync(join(RUNNERS, file), join(folder, file));
    const args = { vitest: ['run', file], jest: ['--ci', '--detectOpenHandles', file] }[runner];
    const env = { ...process.env, FASTSTAR_SANDBOX: '', NO_COLOR: '1' };
    ran(join(RUNNERS, 'node_modules/.bin', runner), args, { cwd: folder, env, timeout: 120_000 });
  });
}

test('the types resolve for every kind of user', () => {
  ran(bin('attw'), [main(), '--no-color', '--no-emoji']);
});

test('publint has nothing to say', () => {
  assert.match(ran(bin('publint'), [main(), '--strict']), /All good/);
});

test('the types take what they should, and refuse what they should', () => {
  ran(bin('tsc'), ['--project', 'tests/types/tsconfig.json']);
  ran(bin('tsc'), ['--project', 'tests/types/servers/tsconfig.json']);
});

test('the declarations of the native half are those of its source', () => {
  // The build writes them; what is committed is what was built.
  ran('git', ['diff', '--exit-code', '--', 'src-ts/native.d.ts']);
});

for (const file of ['README.md', 'docs/node.md', 'bindings-node/README.md']) {
  test(`the JavaScript of ${file} runs as it is written`, async () => {
    assert.ok(runBlocks(folder, join(ROOT, file), await shopOf(sandbox)) > 0);
  });
}

test('the TypeScript of docs/node.md compiles, each block as the file that it names', () => {
  const servers = join(PACKAGE, 'tests/types/servers');
  const shop = mkdtempSync(join(servers, 'docs-'));
  try {
    const text = readFileSync(join(ROOT, 'docs/node.md'), 'utf8');
    const blocks = [...text.matchAll(/^```ts\n\/\/ (\S+)\.ts\n(.*?)^```$/gms)];
    assert.equal(blocks.length, text.match(/^```ts$/gm).length);
    for (const [, name, code] of blocks) {
      const file = join(shop, `${name.replaceAll('/', '-')}.mts`);
      writeFileSync(file, code.replace(/'(\.|@)\/shop(\.js)?'/, "'./shop.mjs'"));
    }
    ran(bin('tsc'), ['--project', join(servers, 'tsconfig.json')]);
  } finally {
    rmSync(shop, { recursive: true });
  }
});

test('blocks keep their lines, and what throws fails', () => {
  const text = '# A\n\n```js\nconst a = 1;\n```\n\n```ts\nb\n```\n```js\nthrow new Error(a);\n```\n';
  assert.deepEqual(moduleOf(text), { code: '\n\n\nconst a = 1;\n\n\n\n\n\n\nthrow new Error(a);\n', count: 2 });
  const file = join(folder, 'bad.md');
  writeFileSync(file, text);
  assert.throws(() => runBlocks(folder, file, process.env), /bad\.mjs:11/);
});
