"""The calls that only a sandbox has."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, Optional

from .._errors import FastStarError

# The sandbox itself waits up to 25 seconds for deliveries.
_TIMEOUT = 60
# A proxy of the environment does not reach this machine's loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SandboxError(FastStarError):
    """The sandbox refused what a test asked of it."""


class Control:
    """Speaks to a sandbox for one merchant."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url
        self._api_key = api_key

    def get(self, path: str) -> Any:
        """Gives the ``data`` of an answer."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Optional[dict[str, object]] = None) -> Any:
        """Posts and gives the ``data`` of the answer."""
        return self._call("POST", path, json.dumps(body or {}).encode())

    def delete(self, path: str) -> None:
        """Deletes what is at a path."""
        self._call("DELETE", path, None)

    def _call(self, method: str, path: str, body: Optional[bytes]) -> Any:
        headers = {"X-API-Key": self._api_key, "Content-Type": "application/json"}
        status, answer = request(method, f"{self._url}/sandbox/v1{path}", headers, body)
        envelope: Any = json.loads(answer)
        if status < 300:
            return envelope["data"]
        error: Any = envelope.get("error") or {}
        raise SandboxError(
            envelope["message"],
            code=error.get("code") or "internal",
            param=error.get("param"),
            status=status,
        )


def request(
    method: str, url: str, headers: dict[str, str], body: Optional[bytes]
) -> tuple[int, bytes]:
    """Sends a request and gives the answer's status and body, whatever the status is."""
    asked = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with _opener.open(asked, timeout=_TIMEOUT) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
