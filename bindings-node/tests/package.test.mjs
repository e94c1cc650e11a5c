/** What is published: the tarballs, in an empty folder; its types; the documents that show it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { run as runBlocks, moduleOf } from './run_markdown.mjs';
import { PACKAGE, ROOT, Sandbox } from './support.mjs';

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
  tarballs = readdirSync(packs).map((name) => join(packs, name));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  ran('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  sandbox = await Sandbox.start();
});

after(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

const main = () => tarballs.find((path) => /faststar-\d/.test(path));

test('the tarballs alone serve an empty folder, from both module systems', async () => {
  const env = await sandbox.shop();
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
  assert.ok(Object.keys(manifest.optionalDependencies).length >= 1);
  for (const [name, version] of Object.entries(manifest.optionalDependencies)) {
    assert.match(name, /^faststar-/);
    assert.equal(version, manifest.version);
  }
  for (const tarball of tarballs) {
    const names = ran('tar', ['-tzf', tarball]).split('\n');
    assert.ok(names.includes('package/LICENSE-MIT') && names.includes('package/LICENSE-APACHE'), tarball);
    assert.deepEqual(names.filter((name) => /src-ts|tests|\.map$|tsconfig/.test(name)), []);
    assert.equal(names.some((name) => name.endsWith('.node')), tarball !== main());
  }
});

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
    assert.ok(runBlocks(folder, join(ROOT, file), await sandbox.shop()) > 0);
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
