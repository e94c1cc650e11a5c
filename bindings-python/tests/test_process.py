"""Forks, threads at exit, a bare interpreter: what a server's process goes through."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading

import pytest
from conftest import SESSION, ok


def run(script, *arguments, timeout=120):
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            "-c",
            textwrap.dedent(script),
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def url(serve):
    return serve(lambda n, path, body: ok(SESSION)).url


def test_two_hundred_forks_under_load(url):
    """Each child calls with both clients while four threads of the parent are calling."""
    out = run(
        """
        import asyncio, os, sys, threading
        from faststar import AsyncFastStar, FastStar

        client = FastStar(api_key="k", base_url=sys.argv[1], timeout=20)
        awaited = AsyncFastStar(api_key="k", base_url=sys.argv[1], timeout=20)

        async def one():
            return await awaited.checkout.sessions.retrieve("cs_1")

        client.checkout.sessions.retrieve("cs_1")
        asyncio.run(one())
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                client.checkout.sessions.retrieve("cs_1")

        def busy_loop():
            while not stop.is_set():
                asyncio.run(one())

        threads = [threading.Thread(target=work) for work in (busy, busy, busy_loop, busy_loop)]
        for thread in threads:
            thread.start()

        def descriptors():
            # The sockets that are connected to the server, by their inodes.
            found = set()
            for name in os.listdir("/proc/self/fd"):
                try:
                    found.add(os.readlink(f"/proc/self/fd/{name}"))
                except OSError:
                    pass
            return {each for each in found if each.startswith("socket:")}

        good = 0
        for number in range(200):
            child = os.fork()
            if child == 0:
                inherited = descriptors()
                assert client.checkout.sessions.retrieve("cs_1").id == "cs_1"
                made = descriptors() - inherited
                assert made, "the child used a socket of its parent"
                if number % 10 == 0:
                    assert asyncio.run(one()).id == "cs_1"
                    grandchild = os.fork()
                    if grandchild == 0:
                        client.checkout.sessions.retrieve("cs_1")
                        os._exit(0)
                    assert os.waitpid(grandchild, 0)[1] == 0
                os._exit(0)
            good += os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        print(good)
        """,
        url,
    )
    assert out.split() == ["200"]


def test_multiprocessing_by_fork(url):
    out = run(
        """
        import multiprocessing, sys
        from faststar import FastStar

        client = FastStar(api_key="k", base_url=sys.argv[1])

        def work(number):
            return client.checkout.sessions.retrieve("cs_1").id

        if __name__ == "__main__":
            client.checkout.sessions.retrieve("cs_1")
            with multiprocessing.get_context("fork").Pool(4) as pool:
                print(len(pool.map(work, range(40))))
        """,
        url,
    )
    assert out.split() == ["40"]


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_the_interpreter_ends_with_calls_under_way(serve, kind):
    hold, all_arrived = threading.Event(), threading.Event()

    def answer(n, path, body):
        if n == 8:
            all_arrived.set()
        hold.wait(60)

    script = """
        import asyncio, sys, threading
        from faststar import AsyncFastStar, FastStar

        client = FastStar(api_key="k", base_url=sys.argv[1], timeout=60)
        awaited = AsyncFastStar(api_key="k", base_url=sys.argv[1], timeout=60)

        async def wait():
            await awaited.checkout.sessions.retrieve("cs_1")

        def call():
            if sys.argv[2] == "threads":
                client.checkout.sessions.retrieve("cs_1")
            else:
                asyncio.run(wait())

        for _ in range(8):
            threading.Thread(target=call, daemon=True).start()
        sys.stdin.readline()
        print("end")
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), serve(answer).url, kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert all_arrived.wait(30)
        assert child.communicate("end\n", timeout=30) == ("end\n", "")
        assert child.returncode == 0
    finally:
        child.kill()
        child.wait()
        hold.set()


def test_importing_is_light():
    out = run(
        """
        import json, sys
        before = set(sys.modules)
        import faststar
        print(json.dumps(sorted(set(sys.modules) - before)))
        """
    )
    imported = json.loads(out)
    heavy = {"asyncio", "typing", "logging", "ssl", "socket", "json", "datetime", "threading", "re"}
    assert not heavy & set(imported), imported


def test_a_webhook_costs_no_thread():
    out = run(
        """
        import threading, os
        from faststar import Webhook, FastStar
        FastStar(api_key="k")
        body = '{"id":"evt_1","type":"x"}'
        Webhook.verify(body, Webhook.sign_for_test(body, "s"), "s")
        print(len(os.listdir("/proc/self/task")))
        """
    )
    assert out.split() == ["1"]
