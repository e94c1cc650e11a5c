'use strict';

/**
 * Loads the addon of this platform: the file of a checkout, or the package that npm installs for it.
 *
 * Every `require` is a literal inside a `try`, so that bundlers and tracers find the file and pass over
 * those of other platforms.
 */

const fs = require('node:fs');

const { ConfigurationError } = require('./errors.js');

const target = nameOfTarget();
module.exports = load();

function load() {
  let cause;
  try {
    switch (target) {
      case 'linux-x64-gnu':
        try {
          return require('./faststar.linux-x64-gnu.node');
        } catch (error) {
          cause = error;
        }
        return require('faststar-linux-x64-gnu');
      case 'linux-arm64-gnu':
        try {
          return require('./faststar.linux-arm64-gnu.node');
        } catch (error) {
          cause = error;
        }
        return require('faststar-linux-arm64-gnu');
      case 'linux-x64-musl':
        try {
          return require('./faststar.linux-x64-musl.node');
        } catch (error) {
          cause = error;
        }
        return require('faststar-linux-x64-musl');
      case 'linux-arm64-musl':
        try {
          return require('./faststar.linux-arm64-musl.node');
        } catch (error) {
          cause = error;
        }
        return require('faststar-linux-arm64-musl');
      case 'darwin-x64':
        try {
          return require('./faststar.darwin-x64.node');
        } catch (error) {
          cause = error;
        }
        return require('faststar-darwin-x64');
      case 'darwin-arm64':
        try {
          return require('./faststar.darwin-arm64.node');
        } catch (error) {
          cause = error;
        }
        return require('faststar-darwin-arm64');
      case 'win32-x64-msvc':
        try {
          return require('./faststar.win32-x64-msvc.node');
        } catch (error) {
          cause = error;
        }
        return require('faststar-win32-x64-msvc');
    }
  } catch (error) {
    // A file that is there and does not load says more than a package that is not there.
    if (cause === undefined || isAbsent(cause)) cause = error;
  }
  throw failure(cause);
}

function failure(cause) {
  const packages = require('../package.json').optionalDependencies;
  const builds = packages === undefined ? ofCheckout() : namesIn(Object.keys(packages), /^faststar-(.+)$/);
  let message;
  if (!builds.includes(target)) {
    message = `no build for ${target}; there are ${builds.join(', ') || 'none'}`;
    if (packages === undefined) message += '; in a checkout, npm run build makes one';
  } else if (isAbsent(cause)) {
    message =
      `the package faststar-${target} is missing; install again on this platform, with optional ` +
      'dependencies';
  } else {
    message = `the build for ${target} does not load: ${cause.message}`;
  }
  return new ConfigurationError(`faststar: ${message}`, { code: 'no_native_build', cause });
}

function ofCheckout() {
  return namesIn(fs.readdirSync(__dirname), /^faststar\.(.+)\.node$/);
}

function namesIn(texts, pattern) {
  return texts.map((text) => pattern.exec(text)?.[1]).filter((name) => name !== undefined);
}

/** Tells whether `require` found no such file or package. */
function isAbsent(error) {
  return error.code === 'MODULE_NOT_FOUND';
}

function nameOfTarget() {
  const { platform, arch } = process;
  if (platform === 'linux') return `${platform}-${arch}-${isMusl() ? 'musl' : 'gnu'}`;
  return platform === 'win32' ? `${platform}-${arch}-msvc` : `${platform}-${arch}`;
}

/** Tells whether this Linux has musl: by `ldd`, which is quick to read, and else by Node's report. */
function isMusl() {
  try {
    const ldd = fs.readFileSync('/usr/bin/ldd', 'utf8');
    if (ldd.includes('musl')) return true;
    if (ldd.includes('GNU C Library')) return false;
  } catch {
    // Some images have none.
  }
  // Else the report looks up the names of this machine's addresses.
  process.report.excludeNetwork = true;
  return !process.report.getReport().header.glibcVersionRuntime;
}
