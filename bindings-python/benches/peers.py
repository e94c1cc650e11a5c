"""One peer's calls, timed in a process of its own. Run by bench.py: ``peers.py PEER WORK URL``.

Prints one JSON object. CPU is this process's, all its threads; the server is another process.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

REQUEST = {
    "mode": "payment",
    "presentation": "iframe",
    "line_items": [{"price_id": "price_xxx", "quantity": 1}],
    "customer_email": "buyer@example.com",
    "success_url": "https://yoursite.com/success",
    "cancel_url": "https://yoursite.com/cancel",
    "buyer_country": "US",
    "client_reference_id": "order_10042",
}
STRIPE_REQUEST = {
    "mode": "payment",
    "line_items": [{"price": "price_xxx", "quantity": 1}],
    "customer_email": "buyer@example.com",
    "success_url": "https://yoursite.com/success",
    "cancel_url": "https://yoursite.com/cancel",
    "client_reference_id": "order_10042",
}
PATH = "/api/v1/public/checkout/sessions"
HEADERS = {"X-API-Key": "k", "Idempotency-Key": "00000000-0000-4000-8000-000000000000"}


def sync_call(peer, url):
    """Gives a function that creates a session and reads its total."""
    if peer == "faststar":
        from faststar import FastStar

        sessions = FastStar(api_key="k", base_url=url).checkout.sessions
        return lambda: sessions.create(**REQUEST).session.amount_total
    if peer == "stripe":
        import stripe

        client = stripe.StripeClient("sk_test_k", base_addresses={"api": url})
        return lambda: client.v1.checkout.sessions.create(params=STRIPE_REQUEST).amount_total
    if peer == "requests":
        import requests

        session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=64)
        session.mount("http://", adapter)
        post = lambda: session.post(url + PATH, json=REQUEST, headers=HEADERS).json()  # noqa: E731
        return lambda: post()["data"]["session"]["amount_total"]
    if peer == "httpx":
        import httpx

        client = httpx.Client()
        post = lambda: client.post(url + PATH, json=REQUEST, headers=HEADERS).json()  # noqa: E731
        return lambda: post()["data"]["session"]["amount_total"]
    raise SystemExit(f"no sync peer {peer}")


async def async_call(peer, url):
    """Gives a coroutine function that creates a session and reads its total."""
    if peer == "faststar":
        from faststar import AsyncFastStar

        sessions = AsyncFastStar(api_key="k", base_url=url).checkout.sessions

        async def call():
            return (await sessions.create(**REQUEST)).session.amount_total

        return call
    if peer == "stripe":
        import stripe

        client = stripe.StripeClient(
            "sk_test_k", base_addresses={"api": url}, http_client=stripe.AIOHTTPClient()
        )

        async def call():
            return (await client.v1.checkout.sessions.create_async(STRIPE_REQUEST)).amount_total

        return call
    if peer == "stripe-httpx":
        import stripe

        client = stripe.StripeClient(
            "sk_test_k", base_addresses={"api": url}, http_client=stripe.HTTPXClient()
        )

        async def call():
            return (await client.v1.checkout.sessions.create_async(STRIPE_REQUEST)).amount_total

        return call
    if peer == "aiohttp":
        import aiohttp

        session = aiohttp.ClientSession()

        async def call():
            async with session.post(url + PATH, json=REQUEST, headers=HEADERS) as answer:
                return (await answer.json())["data"]["session"]["amount_total"]

        return call
    if peer == "httpx":
        import httpx

        client = httpx.AsyncClient()

        async def call():
            answer = await client.post(url + PATH, json=REQUEST, headers=HEADERS)
            return answer.json()["data"]["session"]["amount_total"]

        return call
    raise SystemExit(f"no async peer {peer}")


def timed(calls, work):
    """Runs work and gives microseconds of CPU per call and calls per second."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu_us": cpu / calls * 1e6, "per_second": calls / wall}


def sequential(peer, url, calls):
    call = sync_call(peer, url)
    for _ in range(calls // 10 + 5):
        assert call() == 1079
    latencies = []

    def work():
        for _ in range(calls):
            started = time.perf_counter()
            call()
            latencies.append(time.perf_counter() - started)

    return {**timed(calls, work), "latency_us": median(latencies) * 1e6}


def threads(peer, url, calls):
    call = sync_call(peer, url)
    with ThreadPoolExecutor(32) as pool:
        share = max(1, calls // 32)
        several = lambda: [call() for _ in range(share)]  # noqa: E731
        for done in [pool.submit(call) for _ in range(64)]:
            assert done.result() == 1079

        def work():
            for done in [pool.submit(several) for _ in range(32)]:
                done.result()

        return timed(share * 32, work)


def tasks(peer, url, calls):
    async def main():
        call = await async_call(peer, url)
        share = max(1, calls // 32)

        async def several(count):
            for _ in range(count):
                assert await call() == 1079

        await asyncio.gather(*(several(3) for _ in range(32)))
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.gather(*(several(share) for _ in range(32)))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu_us": cpu / (share * 32) * 1e6, "per_second": share * 32 / wall}

    return asyncio.run(main())


EVENT = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "payment.succeeded",
        "created": 1769900000,
        "data": {
            "payment_id": "pi_1",
            "amount": 1999,
            "currency": "USD",
            "status": "succeeded",
            "client_reference_id": "order_10042",
            "description": "x" * 760,
        },
        "livemode": True,
        "api_version": "v1",
    }
).encode()
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def verification(peer):
    """Gives a function that verifies an event of about 1 KB and reads its amount."""
    now = int(time.time())
    signed = hmac.new(SECRET.encode(), b"%d." % now + EVENT, hashlib.sha256).hexdigest()
    header = f"t={now},v1={signed}"
    if peer == "faststar":
        from faststar import Webhook

        return lambda: Webhook.verify(EVENT, header, SECRET).payment.amount
    if peer == "faststar, not read":
        from faststar import Webhook

        return lambda: Webhook.verify(EVENT, header, SECRET).id
    if peer == "faststar, as a dict":
        from faststar import Webhook

        return lambda: Webhook.verify(EVENT, header, SECRET).data["amount"]
    if peer == "stripe":
        import stripe

        return lambda: stripe.Webhook.construct_event(EVENT, header, SECRET).data["amount"]
    if peer == "standardwebhooks":
        from datetime import datetime, timezone

        from standardwebhooks import Webhook as Standard

        standard = Standard(SECRET)
        at = datetime.fromtimestamp(now, tz=timezone.utc)
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(now),
            "webhook-signature": standard.sign("evt_1", at, EVENT.decode()),
        }
        return lambda: standard.verify(EVENT, headers)["data"]["amount"]

    def by_hand():
        parts = dict(part.split("=", 1) for part in header.split(","))
        wanted = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + EVENT, hashlib.sha256)
        assert hmac.compare_digest(wanted.hexdigest(), parts["v1"])
        assert abs(time.time() - int(parts["t"])) < 300
        return json.loads(EVENT)["data"]["amount"]

    return by_hand


def verify(peer, calls):
    call = verification(peer)
    for _ in range(calls // 10 + 1):
        call()
    cpu = time.process_time()
    for _ in range(calls):
        call()
    cpu = time.process_time() - cpu
    return {"cpu_us": cpu / calls * 1e6, "per_cpu_second": calls / cpu}


if __name__ == "__main__":
    peer, work, url, calls = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    if work == "verify":
        print(json.dumps(verify(peer, calls)))
    else:
        print(
            json.dumps(
                {"seq": sequential, "threads": threads, "tasks": tasks}[work](peer, url, calls)
            )
        )
