"""Runs every file of tests/scenarios with both clients; tests/README.md has the rules."""

from __future__ import annotations

import asyncio
import json
import queue
import urllib.error

import pytest
from conftest import ROOT
from faststar import AsyncFastStar, FastStar, FastStarError, Webhook
from test_vectors import KINDS, compare

KINDS = {**KINDS, "authentication": "AuthenticationError", "payment": "PaymentError"}
FILES = sorted((ROOT / "tests" / "scenarios").iterdir())
SCENARIOS = [
    scenario
    for path in FILES
    for scenario in json.loads(path.read_text(encoding="utf-8"))["scenarios"]
]
PATIENCE = 20


class Awaited:
    """The async client, called as the other one is."""

    def __init__(self, **options):
        self.client = AsyncFastStar(**options)

    def run(self, work):
        async def go():
            return await work(self.client)

        return asyncio.run(go())

    def create(self, path, params, options):
        return self.run(lambda client: resource(client, path).create(**params, **options))

    def retrieve(self, id):
        return self.run(lambda client: client.checkout.sessions.retrieve(id))

    def page(self, path, params):
        async def one(client):
            return await resource(client, path).list(**params)

        return self.run(one)

    def all(self, path, params):
        async def every(client):
            return [item async for item in resource(client, path).list(**params)]

        return self.run(every)


class Blocking:
    def __init__(self, **options):
        self.client = FastStar(**options)

    def create(self, path, params, options):
        return resource(self.client, path).create(**params, **options)

    def retrieve(self, id):
        return self.client.checkout.sessions.retrieve(id)

    def page(self, path, params):
        return resource(self.client, path).list(**params)

    def all(self, path, params):
        return list(resource(self.client, path).list(**params))


def resource(client, path):
    group, name = path.split(".")
    return getattr(getattr(client, group), name)


class World:
    """A merchant of its own, a listener for its webhooks, and what was saved on the way."""

    def __init__(self, sandbox, serve, scenario, make):
        self.sandbox = sandbox
        self.merchant = sandbox.merchant(scenario["merchant"])
        self.key = self.merchant["api_key"]
        self.webhooks = queue.Queue()
        listener = serve(lambda n, path, body: (200, {}, b""))
        listener.requests = self
        sandbox.post(self.key, "/sandbox/v1/webhook_endpoints", {"url": f"{listener.url}/hook"})
        chosen = scenario.get("client", {})
        self.client = make(
            api_key=chosen.get("api_key", self.key),
            base_url=sandbox.url,
            merchant=chosen.get("merchant"),
        )
        self.saved = {}

    def append(self, request):
        self.webhooks.put(request)

    def __len__(self):
        return 0

    def fill_in(self, value):
        if isinstance(value, dict):
            return {key: self.fill_in(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill_in(item) for item in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.saved[value[1:]]
        return value

    def take(self, step):
        given = self.fill_in(step.get("with", {}))
        if "call" in step:
            return self.call(step["call"], given, step.get("options", {}))
        if "sandbox" in step:
            return self.drive(step["sandbox"], given)
        assert step["receive"] == "webhook", step
        return self.receive()

    def call(self, name, given, options):
        path, verb = name.rsplit(".", 1)
        if verb == "create":
            return self.client.create(path, given, options).to_dict()
        if verb == "retrieve":
            return self.client.retrieve(**given).to_dict()
        if verb == "list":
            page = self.client.page(path, given)
            items = [item.to_dict() for item in page.items]
            return {"items": items, "next_cursor": page.next_cursor}
        assert verb == "list_all", name
        return {"items": [item.to_dict() for item in self.client.all(path, given)]}

    def drive(self, verb, given):
        session = given.pop("session", None)
        path = "clock/advance" if verb == "advance" else f"sessions/{session}/{verb}"
        try:
            return self.sandbox.post(self.key, f"/sandbox/v1/{path}", given)
        except urllib.error.HTTPError as error:
            answer = json.load(error)
            raise FastStarError(
                answer["message"], code=answer["error"]["code"], status=error.code
            ) from None

    def receive(self):
        _, _, headers, body = self.webhooks.get(timeout=PATIENCE)
        event = Webhook.verify(
            body,
            headers["x-webhook-signature"],
            self.merchant["webhook_secret"],
            event_id=headers["x-webhook-id"],
        )
        return event.to_dict()


def pick(answer, path):
    for key in path.split("."):
        answer = answer[key]
    return answer


@pytest.mark.parametrize("make", [Blocking, Awaited], ids=["sync", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario["id"] for scenario in SCENARIOS])
def test_scenario(sandbox, serve, scenario, make):
    assert set(scenario) <= {"id", "merchant", "client", "steps", "why"}
    world = World(sandbox, serve, scenario, make)
    for number, step in enumerate(scenario["steps"]):
        assert ("ok" in step) != ("error" in step), f"step {number}"
        if "error" in step:
            wanted = step["error"]
            with pytest.raises(FastStarError) as raised:
                world.take(step)
            error = raised.value
            assert error.code == wanted["code"], f"step {number}: {error!r}"
            for key in ("param", "status"):
                if key in wanted:
                    assert getattr(error, key) == wanted[key], f"step {number}: {error!r}"
            if "kind" in wanted and "call" in step:
                assert type(error).__name__ == KINDS[wanted["kind"]], f"step {number}"
            if wanted.get("sent") is False:
                assert (error.status, error.request_id) == (None, None), f"step {number}"
            continue
        answer = world.take(step)
        compare(world.fill_in(step["ok"]), answer, f"step {number}")
        for name, path in step.get("save", {}).items():
            world.saved[name] = pick(answer, path)
    assert world.webhooks.empty(), "a webhook that no step received"


def test_there_are_scenarios():
    assert len(SCENARIOS) >= 15
    assert len({scenario["id"] for scenario in SCENARIOS}) == len(SCENARIOS)
