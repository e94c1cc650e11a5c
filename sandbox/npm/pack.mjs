/**
 * Makes the tarballs of the sandbox for npm: `faststar-sandbox`, and a package for each platform whose
 * program is there. `node pack.mjs OUT PROGRAMS`: into the folder OUT, with the programs of the folder
 * PROGRAMS, such as `linux-x64-gnu/faststar`. With ALL=1 a missing platform is an error.
 */

import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// The sandbox does not run on Windows.
const PLATFORMS = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-arm64-gnu': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
};
const LICENSES = ['LICENSE-APACHE', 'LICENSE-MIT'];

const here = fileURLToPath(new URL('.', import.meta.url));
const [out, programs] = process.argv.slice(2).map((path) => resolve(path));
const stage = mkdtempSync(join(tmpdir(), 'faststar-pack-'));

/** Makes a package of files of other folders. */
function pack(manifest, files) {
  const folder = join(stage, manifest.name);
  mkdirSync(folder);
  for (const [name, path] of Object.entries(files)) cpSync(path, join(folder, name), { dereference: true });
  for (const name of LICENSES) cpSync(join(here, '../..', name), join(folder, name));
  if ('faststar' in files) chmodSync(join(folder, 'faststar'), 0o755);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: folder });
  process.stdout.write(packed);
}

try {
  mkdirSync(out, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(here, 'package.json')));
  const { name, version, license, repository, engines } = manifest;
  manifest.optionalDependencies = {};
  for (const [platform, fits] of Object.entries(PLATFORMS)) {
    const program = join(programs, platform, 'faststar');
    if (!existsSync(program)) {
      if (process.env.ALL) throw new Error(`there is no ${program}`);
      continue;
    }
    const own = `${name}-${platform}`;
    const description = `The program of ${name} for ${platform}`;
    const common = { version, license, repository, engines };
    pack({ name: own, description, ...common, ...fits, files: [...LICENSES, 'faststar'] }, { faststar: program });
    manifest.optionalDependencies[own] = version;
  }
  if (Object.keys(manifest.optionalDependencies).length === 0) throw new Error(`there is no program in ${programs}`);
  const files = manifest.files.filter((name) => !LICENSES.includes(name));
  const readme = join(here, '..', 'README.md');
  pack(manifest, { ...Object.fromEntries(files.map((name) => [name, join(here, name)])), 'README.md': readme });
} finally {
  rmSync(stage, { recursive: true, force: true });
}
