/** Finds the sandbox's binary. */

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { ConfigurationError } from '../errors.js';

/** Names the binary where it is not the installed one. */
const VARIABLE = 'FASTSTAR_SANDBOX';
/** The package that has it. */
const PACKAGE = 'faststar-sandbox';

/**
 * Gives the path of the binary `faststar`, which has the sandbox.
 *
 * It is the one that the environment variable `FASTSTAR_SANDBOX` names; else the one that the package
 * `faststar-sandbox` installed; else the first on `PATH`.
 *
 * @throws {ConfigurationError} There is none.
 */
export function sandboxBinary(): string {
  const named = process.env[VARIABLE];
  if (named) {
    if (isProgram(named)) return named;
    throw missing(`${VARIABLE} names no program: ${named}`);
  }
  const found = installed() ?? onPath();
  if (found === undefined) {
    throw missing(`the sandbox is not installed: npm install --save-dev ${PACKAGE}`);
  }
  return found;
}

function installed(): string | undefined {
  let module: string;
  try {
    // Beside this package, or beside the shop of a repository with several.
    module = require.resolve(PACKAGE, { paths: [__dirname, process.cwd()] });
  } catch {
    return undefined;
  }
  try {
    return (require(module) as { readonly path: string }).path;
  } catch (error) {
    // It says what it misses: the package of this platform.
    throw missing((error as Error).message);
  }
}

function onPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'faststar')).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function missing(message: string): ConfigurationError {
  return new ConfigurationError(message, { code: 'invalid_configuration' });
}
