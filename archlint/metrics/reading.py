"""Reads metrics over the HTTP API of Prometheus, or from a file in its text format."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from http.client import HTTPException, HTTPMessage
from math import isfinite
from pathlib import Path
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from archlint.errors import UnreadableInputError, UsageError
from archlint.metrics.families import FAMILIES, ROUTES, TARGET, Family
from archlint.source.files import read_bytes

TIMEOUT_S: Final = 10.0
MAX_BYTES: Final = 16 * 1024 * 1024
LEAST_WINDOW_S: Final = 1.0
_LINE: Final = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL: Final = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
_ESCAPES: Final = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
_WINDOW: Final = re.compile(r"^(\d{1,6})(s|m|h|d|w)$")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

Labels = dict[str, str]


class Sample(msgspec.Struct, frozen=True):
    """One series: its labels, and its value: a number per second, or since the start of its process."""

    labels: Labels
    value: float


class Metrics(msgspec.Struct):
    """Series by the name of their metric, and the highest rates of counters.

    `seconds` is the time that the values were counted in: 1 if they are rates, None if nobody knows it. `origin` names
    where they come from, without secrets, and `window` the time that they cover, in words.
    """

    origin: str
    window: str
    seconds: float | None
    series: dict[str, list[Sample]]
    peaks: dict[str, list[Sample]] = {}


def read_metrics(where: str, window: str) -> Metrics:
    """Read the metrics of a Prometheus server at an address, or of a file in the text format.

    `window` is the time to look back, such as `1d`. Raises `UsageError` for an address that is none, and
    `UnreadableInputError` if nothing can be read.
    """
    window_seconds(window)
    if "://" in where:
        return _Server(where, window).metrics()
    if not Path(where).exists():
        hint = "name a file of metrics, or the address of a Prometheus server: http://127.0.0.1:9090"
        raise UnreadableInputError(f"{where}: no such file", hint)
    return _of_file(Path(where))


def window_seconds(window: str) -> float:
    """Return the seconds of a window; raises `UsageError` if it is none.

    >>> window_seconds("90m")
    5400.0
    """
    found = _WINDOW.match(window)
    if found is None or int(found[1]) * _SECONDS[found[2]] < LEAST_WINDOW_S:
        raise UsageError(f"`{window[:40]}` is no window", "write 30m, 6h, 1d or 1w")
    return float(int(found[1]) * _SECONDS[found[2]])


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirect: credentials of an address are for its host only."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Return no request, so that the answer is an error."""
        return None


class _Server:
    """One Prometheus server."""

    def __init__(self, address: str, window: str) -> None:
        parts = urlsplit(address)
        try:
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            port = ""
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError("the address of Prometheus must start with http:// or https://", "http://127.0.0.1:9090")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.base = urlunsplit((parts.scheme, f"{host}{port}", parts.path.rstrip("/"), "", ""))
        self.headers = {"Accept": "application/json"}
        if parts.username is not None:
            pair = f"{parts.username}:{parts.password or ''}".encode()
            self.headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        self.window = window
        self.seconds = window_seconds(window)
        self.opener = build_opener(_NoRedirects)

    def metrics(self) -> Metrics:
        """Ask for the metrics of every family that the server has."""
        names = self._names()
        series: dict[str, list[Sample]] = {}
        peaks: dict[str, list[Sample]] = {}
        for family in FAMILIES:
            if not any(name in names for name in family.requests):
                continue
            by = ", ".join(dict.fromkeys((*family.owner, *TARGET, *ROUTES)))
            for name in family.counters:
                if name in names:
                    series[name] = self._query(f"sum by ({by}) (rate({_selected(name, family)}[{self.window}]))")
            for name in family.requests:
                if name in names:
                    peaks[name] = self._query(self._peak(_selected(name, family), by))
            for name in family.histograms:
                bucket = f"{name}_bucket"
                if bucket in names:
                    series[bucket] = self._query(
                        f"sum by ({by}, le) (rate({_selected(bucket, family)}[{self.window}]))"
                    )
        return Metrics(self.base, self.window, 1.0, series, peaks)

    def _peak(self, selector: str, by: str) -> str:
        """Return the query of the highest rate: that of any five minutes, or of a quarter of a shorter window."""
        inner = max(1, int(min(300, self.seconds / 4)))
        step = max(1, inner // 4)
        return f"max_over_time(sum by ({by}) (rate({selector}[{inner}s]))[{self.window}:{step}s])"

    def _names(self) -> set[str]:
        found = self._ask("/api/v1/label/__name__/values", {})
        return {name for name in found if isinstance(name, str)} if isinstance(found, list) else set()

    def _query(self, query: str) -> list[Sample]:
        found = self._ask("/api/v1/query", {"query": query})
        rows = found.get("result") if isinstance(found, dict) else None
        samples = (_sample(row) for row in rows) if isinstance(rows, list) else ()
        return [sample for sample in samples if sample is not None]

    def _ask(self, path: str, values: dict[str, str]) -> object:
        """Return the data of an answer; raises `UnreadableInputError`."""
        url = f"{self.base}{path}" + (f"?{urlencode(values, quote_via=quote)}" if values else "")
        try:
            with self.opener.open(Request(url, headers=self.headers), timeout=TIMEOUT_S) as answer:
                data = answer.read(MAX_BYTES + 1)
        except HTTPError as error:
            error.close()
            raise self._failed(f"HTTP status {error.code}") from None
        except (URLError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise self._failed(str(reason)) from None
        if len(data) > MAX_BYTES:
            raise self._failed(f"an answer of more than {MAX_BYTES // 1024**2} MiB")
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            raise self._failed("its answer is no JSON") from None
        if not isinstance(body, dict) or body.get("status") != "success":
            raise self._failed("its answer is not one of Prometheus")
        return body.get("data")

    def _failed(self, why: str) -> UnreadableInputError:
        return UnreadableInputError(f"{self.base}: cannot be read: {why}", "name the address of a Prometheus server")


def _sample(row: object) -> Sample | None:
    """Return a row of an answer as a sample; None if it is none: any server may answer at an address."""
    if not isinstance(row, dict):
        return None
    labels, pair = row.get("metric"), row.get("value")
    value = _number(str(pair[1])) if isinstance(pair, list) and len(pair) == 2 else None
    if value is None or not isinstance(labels, dict):
        return None
    return Sample({str(key): str(text) for key, text in labels.items()}, value)


def _selected(name: str, family: Family) -> str:
    conditions = ",".join(f'{label}="{value}"' for label, value in family.only)
    return f"{name}{{{conditions}}}" if conditions else name


def _of_file(path: Path) -> Metrics:
    """Read a file in the text format: its values count since the start of the process, if it says when that was."""
    text = read_bytes(path, str(path)).decode("utf-8", errors="replace")
    wanted = {name for family in FAMILIES for name in family.counters}
    wanted |= {f"{name}_bucket" for family in FAMILIES for name in family.histograms}
    series: dict[str, list[Sample]] = {}
    start = None
    for name, sample in _samples(text.splitlines()):
        if name in wanted:
            series.setdefault(name, []).append(sample)
        elif name == "process_start_time_seconds":
            start = sample.value if start is None else min(start, sample.value)
    seconds = path.stat().st_mtime - start if start is not None else None
    if seconds is not None and seconds < LEAST_WINDOW_S:
        seconds = None
    return Metrics(str(path), "since its start", seconds, series)


def _samples(lines: Iterable[str]) -> Iterator[tuple[str, Sample]]:
    for line in lines:
        found = _LINE.match(line)
        value = _number(found[3]) if found is not None else None
        if found is not None and value is not None:
            labels = {key: _unescaped(text) for key, text in _LABEL.findall(found[2] or "")}
            yield found[1], Sample(labels, value)


def _unescaped(text: str) -> str:
    return re.sub(r'\\[n"\\]', lambda match: _ESCAPES[match[0]], text)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
