"""The context of a request, which every part of a pattern passes on: its id, and its trace.

`X-Request-ID` finds a request in the logs of all parts. `traceparent` is the W3C's header for traces
(https://www.w3.org/TR/trace-context/): a part that records no spans passes it on unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx
import structlog

_REQUEST_ID = re.compile(r"[!-~]{1,64}")            # safe in a header of a further call
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.{0,200})?")
_HEADERS = {"request": "X-Request-ID", "traceparent": "traceparent"}


def received(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the context in the headers of a request or a message; what is not valid is left out."""
    lower = {name.lower(): value for name, value in headers.items()}
    found = {"request": lower.get("x-request-id", ""), "traceparent": lower.get("traceparent", "")}
    valid = {"request": _REQUEST_ID, "traceparent": _TRACEPARENT}
    return {key: value for key, value in found.items() if valid[key].fullmatch(value)}


def context() -> dict[str, str]:
    """Return the context of the current request or message, as headers."""
    now = structlog.contextvars.get_contextvars()
    return {header: str(now[key]) for key, header in _HEADERS.items() if now.get(key)}


def propagate(request: httpx.Request) -> None:
    """Add the context to a call: for `event_hooks={"request": [propagate]}` of an `httpx.Client`."""
    request.headers.update(context())


async def propagate_async(request: httpx.Request) -> None:
    """Add the context to a call of an `httpx.AsyncClient`."""
    propagate(request)
