/**
 * Measures this package beside its peers, in one run, on one loopback server.
 *
 * `node bench.mjs SERVER [ROUNDS]`: SERVER is the canned server's binary. Each figure is the median over
 * rounds; in each round every peer runs once, in a process of its own, so that a machine that gets slower
 * makes all of them slower. Prints Markdown.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { median } from './median.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const [server, rounds = '5'] = process.argv.slice(2);

/** Each peer, and how many calls it makes: about a second's worth. */
const WORKS = {
  sequential: { faststar: 6000, stripe: 3000, fetch: 2000, undici: 5000 },
  concurrent: { faststar: 16_000, stripe: 3200, fetch: 3200, undici: 9600 },
  verify: { faststar: 100_000, stripe: 50_000, standardwebhooks: 30_000, 'node:crypto by hand': 80_000 },
};
const TITLES = { sequential: 'in sequence', concurrent: '32 at once' };
const MODULES = ['faststar', 'stripe', 'undici'];

function run(...args) {
  return JSON.parse(execFileSync(process.execPath, ['peers.mjs', ...args], { cwd: here, encoding: 'utf8' }));
}

/** Gives milliseconds of CPU and MiB of peak memory of a process that requires a module. */
function cost(module) {
  const required = module === '' ? '' : `require(${JSON.stringify(module)});`;
  const script = `${required}
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    console.log(JSON.stringify([(userCPUTime + systemCPUTime) / 1000, maxRSS / 1024]));`;
  return JSON.parse(execFileSync(process.execPath, ['--eval', script], { cwd: here, encoding: 'utf8' }));
}

const child = spawn(server, { stdio: ['pipe', 'pipe', 'inherit'] });
const [url] = await once(createInterface(child.stdout), 'line');
const results = {};
for (let round = 0; round < Number(rounds); round += 1) {
  for (const [work, peers] of Object.entries(WORKS)) {
    for (const [peer, calls] of Object.entries(peers)) {
      (results[`${work} ${peer}`] ??= []).push(run(peer, work, url, String(calls)));
    }
  }
}
child.stdin.end();

const costs = {};
for (let round = 0; round <= Number(rounds) * 3; round += 1) {
  for (const module of ['', ...MODULES]) {
    const each = cost(module);
    // The first of each fills the system's caches.
    if (round > 0) (costs[module] ??= []).push(each);
  }
}

const figure = (work, peer, name) => median(results[`${work} ${peer}`].map((each) => each[name]));
const count = (number) => Math.round(number).toLocaleString('en-US');

console.log(`Node ${process.versions.node}, ${availableParallelism()} cores, median of ${rounds} rounds.\n`);
console.log('| create a session | CPU, µs | latency, µs | calls a second | its CPU / faststar |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const [work, title] of Object.entries(TITLES)) {
  const own = figure(work, 'faststar', 'cpu');
  for (const peer of Object.keys(WORKS[work])) {
    const cpu = figure(work, peer, 'cpu');
    const latency = work === 'sequential' ? count(figure(work, peer, 'latency')) : '';
    const rate = count(figure(work, peer, 'perSecond'));
    console.log(`| ${peer}, ${title} | ${count(cpu)} | ${latency} | ${rate} | ${(cpu / own).toFixed(1)} |`);
  }
}
console.log('\n| verify 1 KB and read the amount | CPU, µs | a CPU-second | its CPU / faststar |');
console.log('| --- | ---: | ---: | ---: |');
for (const peer of Object.keys(WORKS.verify)) {
  const cpu = figure('verify', peer, 'cpu');
  const ratio = cpu / figure('verify', 'faststar', 'cpu');
  console.log(`| ${peer} | ${cpu.toFixed(2)} | ${count(1e6 / cpu)} | ${ratio.toFixed(1)} |`);
}
console.log('\n| require, above a bare node | CPU, ms | peak memory, MiB |');
console.log('| --- | ---: | ---: |');
for (const module of MODULES) {
  const above = [0, 1].map((n) => median(costs[module].map((c) => c[n])) - median(costs[''].map((c) => c[n])));
  console.log(`| ${module} | ${above[0].toFixed(1)} | ${above[1].toFixed(1)} |`);
}
