/**
 * Makes the tarballs that are published: `faststar`, and a package for each platform whose addon is
 * there. `node pack.mjs OUT [ADDONS]`: into the folder OUT, with the addons of the folder ADDONS, `dist`
 * where it is not given. With ALL=1 a missing platform is an error.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [out, addons = join(here, 'dist')] = process.argv.slice(2).map((path) => resolve(path));
const stage = mkdtempSync(join(tmpdir(), 'faststar-pack-'));
const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: 'pipe' });
const napi = (...args) => run(join(here, 'node_modules/.bin/napi'), args, stage);
const isAddon = (name) => name.endsWith('.node');

try {
  for (const name of ['dist', 'README.md']) {
    cpSync(join(here, name), join(stage, name), { recursive: true, filter: (path) => !isAddon(path) });
  }
  // A link in the checkout would not be packed.
  for (const name of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(join(here, '..', name), join(stage, name));
  const { devDependencies, scripts, ...manifest } = JSON.parse(readFileSync(join(here, 'package.json')));
  const write = () => writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  write();
  napi('create-npm-dirs');

  const platforms = readdirSync(join(stage, 'npm'));
  const targets = new Set();
  for (const platform of platforms) {
    const addon = `faststar.${platform}.node`;
    const folder = join(stage, 'npm', platform);
    if (!existsSync(join(addons, addon))) {
      if (process.env.ALL) throw new Error(`there is no ${addon} in ${addons}`);
      rmSync(folder, { recursive: true });
      continue;
    }
    cpSync(join(addons, addon), join(folder, addon));
    for (const name of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(join(stage, name), join(folder, name));
    const file = join(folder, 'package.json');
    const own = JSON.parse(readFileSync(file));
    own.files.push('LICENSE-APACHE', 'LICENSE-MIT');
    writeFileSync(file, `${JSON.stringify(own, null, 2)}\n`);
    const text = readFileSync(join(folder, 'README.md'), 'utf8');
    targets.add(/\*\*([\w-]+)\*\*/.exec(text)[1]);
  }
  if (targets.size === 0) throw new Error(`there is no addon in ${addons}; build it: npm run build:native`);
  manifest.napi.targets = manifest.napi.targets.filter((target) => targets.has(target));
  write();
  // Names the packages of the platforms as optional dependencies.
  napi('pre-publish', '--tag-style', 'npm', '--skip-optional-publish', '--no-gh-release');

  mkdirSync(out, { recursive: true });
  for (const folder of [stage, ...readdirSync(join(stage, 'npm')).map((name) => join(stage, 'npm', name))]) {
    process.stdout.write(run('npm', ['pack', '--silent', '--pack-destination', out], folder));
  }
} finally {
  rmSync(stage, { recursive: true, force: true });
}
