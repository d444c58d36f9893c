"""Spans of OpenTelemetry, for a collector: off, unless `SERVE_TRACES_URL` names one.

Each request and each message that a part handles is a span, a child of the span of its caller: `traceparent` names it,
and goes to every further call. A caller that does not sample has its `traceparent` passed on unchanged. Spans are sent
in batches by OTLP over HTTP as JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp); what a collector does not
take is dropped and counted: no request waits for it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

import httpx
import structlog

from kit.logs import logger

Kind = Literal["server", "consumer"]
_KINDS: Final = {"server": 2, "consumer": 5}        # SpanKind of the protocol
_ERROR: Final = 2                                   # StatusCode of the protocol
_MOST: Final = 2000
_BATCH: Final = 200
_EACH_S: Final = 1.0
_TIMEOUT_S: Final = 2.0
_SAMPLED: Final = 1
log = logger(__name__)


@dataclass(slots=True)
class Span:
    """One span; set `name`, `attributes` and `failed` while it runs."""

    trace: str
    id: str
    parent: str
    name: str
    kind: Kind
    start_ns: int
    end_ns: int = 0
    failed: bool = False
    attributes: dict[str, str | int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return it as OTLP has it."""
        values = {key: {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}
                  for key, v in self.attributes.items()}  # fmt: skip
        return {
            "traceId": self.trace, "spanId": self.id, **({"parentSpanId": self.parent} if self.parent else {}),
            "name": self.name, "kind": _KINDS[self.kind], "startTimeUnixNano": str(self.start_ns),
            "endTimeUnixNano": str(self.end_ns), "status": {"code": _ERROR} if self.failed else {},
            "attributes": [{"key": key, "value": value} for key, value in values.items()],
        }  # fmt: skip


class Exporter:
    """Sends spans to a collector from a thread of its own; it holds at most 2,000."""

    def __init__(self, url: str, service: str) -> None:
        self._url, self._service = f"{url.rstrip('/')}/v1/traces", service
        self._waiting: deque[Span] = deque()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._failing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def add(self, span: Span) -> None:
        """Take a span; with too many that wait, drop it."""
        if len(self._waiting) >= _MOST:
            self.dropped += 1
            return
        self._waiting.append(span)
        if len(self._waiting) >= _BATCH:
            self._wake.set()

    def close(self) -> None:
        """Send what waits, and stop; takes at most two seconds for each batch that is left."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(_TIMEOUT_S * 2)

    def _run(self) -> None:
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
            while not self._stopping.is_set():
                self._wake.wait(_EACH_S)
                self._wake.clear()
                self._send_all(client)
            self._send_all(client)

    def _send_all(self, client: httpx.Client) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            try:
                client.post(self._url, json=self._body(batch)).raise_for_status()
                self._failing = False
            except httpx.HTTPError as error:
                self.dropped += len(batch)
                if not self._failing:
                    log.warning("the collector takes no spans", reason=str(error) or type(error).__name__)
                self._failing = True
                return                             # the others wait for the next attempt

    def _body(self, batch: list[Span]) -> Mapping[str, object]:
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": self._service}}]}
        spans = {"scope": {"name": "kit"}, "spans": [span.as_json() for span in batch]}
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [spans]}]}


_exporter: list[Exporter] = []


def export_spans(url: str, service: str) -> None:
    """Send the spans of this process to a collector; an empty address turns them off."""
    stop_spans()
    if url:
        _exporter.append(Exporter(url, service))


def stop_spans() -> None:
    """Send what waits, and turn spans off."""
    while _exporter:
        _exporter.pop().close()


@contextmanager
def span(name: str, kind: Kind) -> Iterator[Span | None]:
    """Record what runs as a child of the bound `traceparent`, which names the new span meanwhile; None if not recorded.

    An exception marks it as failed.
    """
    given = str(structlog.contextvars.get_contextvars().get("traceparent", ""))
    version, trace, parent, flags = (given.split("-", 4) + [""] * 4)[:4]
    if not _exporter or (version and not int(flags, 16) & _SAMPLED):
        yield None
        return
    now = Span(trace or secrets.token_hex(16), secrets.token_hex(8), parent, name, kind, time.time_ns())
    with structlog.contextvars.bound_contextvars(traceparent=f"00-{now.trace}-{now.id}-01"):
        try:
            yield now
        except BaseException:
            now.failed = True
            raise
        finally:
            now.end_ns = time.time_ns()
            if _exporter:
                _exporter[0].add(now)

