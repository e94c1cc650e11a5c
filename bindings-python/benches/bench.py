"""Measures this package beside its peers, in one run, on one loopback server.

Each figure is the median over rounds; in each round every peer runs once, in a process of its own,
so that a machine that gets slower makes all of them slower. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent

# Peer and how many calls it makes: about a second's worth.
WORKS = {
    "seq": {"faststar": 6000, "stripe": 600, "httpx": 1000, "requests": 1000},
    "threads": {"faststar": 16000, "stripe": 640, "httpx": 960, "requests": 960},
    "tasks": {"faststar": 6400, "stripe": 960, "stripe-httpx": 320, "aiohttp": 3200, "httpx": 320},
    "verify": {
        "faststar": 100_000,
        "faststar, not read": 100_000,
        "faststar, as a dict": 100_000,
        "stripe": 4000,
        "standardwebhooks": 30_000,
        "hmac and json by hand": 30_000,
    },
}


def peer_run(peer, work, url, calls):
    command = [sys.executable, str(HERE / "peers.py"), peer, work, url, str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"{peer} {work}: {done.stderr}")
    return json.loads(done.stdout)


def import_cost(module):
    """Gives milliseconds of CPU and MiB of peak memory of an interpreter that imports a module."""
    script = f"import {module}\n" if module else ""
    script += "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1000, int(done.stdout) / 1024


def imports(rounds):
    modules = ["", "faststar", "stripe", "httpx", "requests"]
    runs = {module: [] for module in modules}
    for _ in range(rounds * 3 + 1):
        for module in modules:
            runs[module].append(import_cost(module))
    # The first run of each compiles what is not compiled yet.
    medians = {m: [median(each) for each in zip(*costs[1:])] for m, costs in runs.items()}
    bare = medians.pop("")
    return {m: (cpu - bare[0], peak - bare[1]) for m, (cpu, peak) in medians.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", help="the canned server's binary")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    server = subprocess.Popen(
        [arguments.server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    url = server.stdout.readline().strip()
    results = {}
    try:
        for _ in range(arguments.rounds):
            for work, peers in WORKS.items():
                for peer, calls in peers.items():
                    results.setdefault((work, peer), []).append(peer_run(peer, work, url, calls))
    finally:
        server.stdin.close()
        server.wait()

    def figure(work, peer, name):
        return median(run[name] for run in results[work, peer])

    python = ".".join(map(str, sys.version_info[:3]))
    print(f"CPython {python}, {os.cpu_count()} cores, median of {arguments.rounds} rounds.\n")
    print("| create a session | CPU, µs | latency, µs | calls a second | its CPU / faststar |")
    print("| --- | ---: | ---: | ---: | ---: |")
    titles = {"seq": "in sequence", "threads": "32 threads", "tasks": "32 tasks"}
    for work, title in titles.items():
        own = figure(work, "faststar", "cpu_us")
        for peer in WORKS[work]:
            cpu, rate = figure(work, peer, "cpu_us"), figure(work, peer, "per_second")
            latency = f"{figure(work, peer, 'latency_us'):.0f}" if work == "seq" else ""
            print(f"| {peer}, {title} | {cpu:.0f} | {latency} | {rate:,.0f} | {cpu / own:.1f} |")
    print("\n| verify 1 KB and read the amount | CPU, µs | a CPU-second | its CPU / faststar |")
    print("| --- | ---: | ---: | ---: |")
    own = figure("verify", "faststar", "cpu_us")
    for peer in WORKS["verify"]:
        cpu, rate = figure("verify", peer, "cpu_us"), figure("verify", peer, "per_cpu_second")
        print(f"| {peer} | {cpu:.2f} | {rate:,.0f} | {cpu / own:.1f} |")
    print("\n| import, above a bare interpreter | CPU, ms | peak memory, MiB |")
    print("| --- | ---: | ---: |")
    for module, (cpu, peak) in imports(arguments.rounds).items():
        print(f"| {module} | {cpu:.1f} | {peak:.1f} |")


if __name__ == "__main__":
    main()
