#!/usr/bin/env node
'use strict';

const { spawn } = require('node:child_process');

const { path } = require('./index.js');

const child = spawn(path, process.argv.slice(2), { stdio: 'inherit' });
// A terminal sends them to both; others send them to this process alone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
