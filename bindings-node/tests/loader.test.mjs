/** What loads the addon, and what it says where there is none: on a platform that is simulated. */

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { PACKAGE, run } from './support.mjs';

const ADDON = readdirSync(join(PACKAGE, 'dist')).find((name) => name.endsWith('.node'));
const HERE = /^faststar\.(.+)\.node$/.exec(ADDON)[1];

/** Makes a folder with the package as it is installed; `addons` has what the packages of platforms hold. */
function installed(t, builds, addons = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'faststar-loader-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const modules = join(folder, 'node_modules');
  const main = join(modules, 'faststar');
  cpSync(join(PACKAGE, 'dist'), join(main, 'dist'), { recursive: true, filter: (path) => !path.endsWith('.node') });
  const optionalDependencies = Object.fromEntries(builds.map((name) => [`faststar-${name}`, '0.1.0']));
  writeFileSync(join(main, 'package.json'), JSON.stringify({ main: 'dist/index.js', optionalDependencies }));
  for (const [name, content] of Object.entries(addons)) {
    const own = join(modules, `faststar-${name}`);
    mkdirSync(own);
    writeFileSync(join(own, 'package.json'), JSON.stringify({ main: 'addon.node' }));
    if (content === undefined) cpSync(join(PACKAGE, 'dist', ADDON), join(own, 'addon.node'));
    else writeFileSync(join(own, 'addon.node'), content);
  }
  return folder;
}

/** Loads the package after `before` has run, and gives its error, or an amount that the addon wrote. */
async function load(cwd, before = '', env = {}) {
  const script = `
    ${before}
    try {
      console.log(JSON.stringify({ money: require('faststar').formatMoney(1079, 'USD') }));
    } catch ({ name, code, message, cause }) {
      console.log(JSON.stringify({ name, code, message, cause: String(cause) }));
    }
  `;
  const { out, err } = await run(script, { cwd, env, type: 'commonjs' });
  return JSON.parse(out || assert.fail(err));
}

const platform = (platform, arch) => `Object.defineProperties(process, {
  platform: { value: '${platform}' }, arch: { value: '${arch}' },
});`;
const libc = (ldd) => `
  const fs = require('node:fs');
  const read = fs.readFileSync;
  fs.readFileSync = (file, ...rest) => (file === '/usr/bin/ldd' ? ${ldd} : read(file, ...rest));
`;
const musl = libc("'# musl'");
const withoutLdd = libc("read('/no/such/file')");
const reported = (header) => `process.report.getReport = () => ({ header: ${JSON.stringify(header)} });`;

const BUILDS = ['linux-x64-gnu', 'linux-arm64-gnu'];

for (const [name, target, before] of [
  ['macOS', 'darwin-arm64', platform('darwin', 'arm64')],
  ['an old Mac', 'darwin-x64', platform('darwin', 'x64')],
  ['Windows', 'win32-x64-msvc', platform('win32', 'x64')],
  ['Windows on ARM', 'win32-arm64-msvc', platform('win32', 'arm64')],
  ['Alpine', 'linux-x64-musl', platform('linux', 'x64') + musl],
  ['a musl without ldd', 'linux-arm64-musl', platform('linux', 'arm64') + withoutLdd + reported({})],
  ['FreeBSD', 'freebsd-x64', platform('freebsd', 'x64')],
  ['RISC-V', 'linux-riscv64-gnu', platform('linux', 'riscv64') + withoutLdd + reported({ glibcVersionRuntime: '2.41' })],
]) {
  test(`a platform without a build is named, with those that have one: ${name}`, async (t) => {
    const error = await load(installed(t, BUILDS), before);
    assert.deepEqual([error.name, error.code], ['ConfigurationError', 'no_native_build']);
    assert.equal(error.message, `faststar: no build for ${target}; there are ${BUILDS.join(', ')}`);
  });
}

// The names that napi gives to the packages of the targets in package.json.
for (const target of JSON.parse(readFileSync(join(PACKAGE, 'package.json'))).napi.targets) {
  const [cpu, , system, abi] = target.split('-');
  const arch = { x86_64: 'x64', aarch64: 'arm64' }[cpu];
  const os = { linux: 'linux', darwin: 'darwin', windows: 'win32' }[system];
  const name = [os, arch, ...(abi ? [abi] : [])].join('-');
  test(`the build that is published for ${target} is found`, async (t) => {
    const before = platform(os, arch) + (abi === 'musl' ? musl : libc("'GNU C Library'"));
    // What is in the package is no addon, so that the error tells which one was opened.
    const error = await load(installed(t, [name], { [name]: 'no addon' }), before);
    assert.match(error.message, new RegExp(`^faststar: the build for ${name} does not load: .+faststar-${name}/addon\\.node`));
  });
}

test('a build that was not installed is named', async (t) => {
  const error = await load(installed(t, [HERE]));
  assert.match(error.message, new RegExp(`^faststar: the package faststar-${HERE} is missing; install again`));
  assert.doesNotMatch(error.message, /lock|npm has a bug/);
  assert.match(error.cause, /Cannot find module/);
});

test('a build that does not load says why', async (t) => {
  const error = await load(installed(t, [HERE], { [HERE]: 'no addon' }));
  assert.match(error.message, new RegExp(`^faststar: the build for ${HERE} does not load: .+addon\\.node`));
});

test('a build that npm installed is loaded', async (t) => {
  assert.deepEqual(await load(installed(t, [HERE], { [HERE]: undefined })), { money: '10.79 USD' });
});

for (const [name, value] of [
  ['NAPI_RS_NATIVE_LIBRARY_PATH', '/opt/another/package.node'],
  ['NAPI_RS_FORCE_WASI', 'error'],
  ['NAPI_RS_ENFORCE_VERSION_CHECK', '1'],
]) {
  test(`a variable of another package is not ours: ${name}`, async (t) => {
    assert.deepEqual(await load(installed(t, [HERE], { [HERE]: undefined }), '', { [name]: value }), { money: '10.79 USD' });
    assert.deepEqual(await load(join(PACKAGE, 'tests'), '', { [name]: value }), { money: '10.79 USD' });
  });
}

test('a checkout without a build says how to make one', async (t) => {
  const folder = installed(t, []);
  writeFileSync(join(folder, 'node_modules/faststar/package.json'), '{"main":"dist/index.js"}');
  const error = await load(folder);
  assert.equal(error.message, `faststar: no build for ${HERE}; there are none; in a checkout, npm run build makes one`);
});
