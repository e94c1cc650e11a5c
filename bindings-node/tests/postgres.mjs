/** A private PostgreSQL server on a Unix socket, for as long as this process runs. */

import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Starts a new cluster in a folder of its own, without a TCP port; gives how to connect. */
export function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'fs-pg-'));
  const bin = binaries();
  // The server refuses to run as root.
  const uid = process.getuid() === 0 ? Number(execFileSync('id', ['-u', 'postgres'])) : process.getuid();
  const run = (name, ...args) => execFileSync(join(bin, name), args, { uid, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  chownSync(folder, uid, -1);
  const data = join(folder, 'data');
  run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync');
  const options = `-c listen_addresses= -c unix_socket_directories=${folder} -c fsync=off`;
  run('pg_ctl', 'start', '-w', '-D', data, '-l', join(folder, 'log'), '-o', options);
  // Not at the end of the tests: a run that fails badly does not get there.
  process.once('exit', () => {
    run('pg_ctl', 'stop', '-w', '-m', 'immediate', '-D', data);
    rmSync(folder, { recursive: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  return { host: folder, user: 'postgres', database: 'postgres' };
}

function binaries() {
  // Debian keeps them off the PATH.
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(a) - Number(b)) : [];
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...process.env.PATH.split(':')];
  const found = folders.find((folder) => existsSync(join(folder, 'pg_ctl')));
  if (found === undefined) throw new Error('these tests need a PostgreSQL server: apt-get install postgresql');
  return found;
}
