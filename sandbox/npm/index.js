'use strict';

// Each platform has a package with its program, of which npm installs the one that fits.
const name = `faststar-sandbox-${process.platform}-${process.arch}${libc()}`;

let path;
try {
  path = require.resolve(`${name}/faststar`);
} catch (cause) {
  const message = `the sandbox needs the package ${name}; it is missing where npm was told to omit optional
dependencies, and where there is none for this platform: build it, cargo build -p faststar-sandbox, and set
FASTSTAR_SANDBOX to it`;
  throw new Error(message.replaceAll('\n', ' '), { cause });
}

exports.path = path;

function libc() {
  if (process.platform !== 'linux') return '';
  // Else the report looks up the names of this machine's addresses.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ? '-gnu' : '-musl';
}
