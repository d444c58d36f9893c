"""Numbers in words: their values, and what their names mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from archlint.analysis.numbers import Number, Waterfall
from archlint.analysis.quantity import Missing
from archlint.model.places import Place
from archlint.model.quantities import format_quantity

MEANINGS: Final = {
    "utilisation": "share of the workers that its own work keeps busy at the mean rates",
    "occupied": "the same with the time that workers wait for others, and with calls that are tried again",
    "peak_utilisation": "the same while one workload is at its peak",
    "capacity": "requests or messages per second that it can handle",
    "breaks_at": "rate at which the first component has no worker left, if the other workloads stay as they are",
    "saturates_at": "rate at which a queue grows without limit, as workers are held while they wait for others",
    "breaks_at_factor": "the breaking rate as a multiple of today's",
    "answers_at_once": "generated answers in progress in one replica, at the highest stated load",
    "answers_per_s": "generated answers per second of all replicas, with as many at once as fit",
    "loaded_tpot": "time per generated token at the highest stated load",
    "result_time": "mean time until the work behind the queues, or of the jobs, is done",
    "availability": "share of the requests that succeed",
    "cost_per_month": "cost of a month of 30 days, from the stated prices",
    "cost_per_1000": "cost of 1,000 requests, from the stated prices",
    "arrivals": "messages per second that reach the queue",
    "drain_time": "time until the backlog of an outage is gone",
    "run_time": "duration of one run",
    "window_used": "share of the window that one run takes",
    "period_used": "share of the time until the next run that one run takes",
    "memory_used": "share of a replica's memory that the weights take",
    "start_time": "time from start to ready",
    "lost_traffic": "share of all requests that fails if it fails",
}
_LABELS: Final = {
    "breaks_at_factor": "breaks at, times its rate",
    "cost_per_1000": "cost of 1,000 requests",
    "cost_per_month": "cost of a month",
    "answers_per_s": "generated answers, at most",
    "loaded_tpot": "time per token under load",
    "lost_traffic": "traffic lost if it fails",
    "result_time": "until the result, mean",
    "peak_utilisation": "utilisation at peak",
}
_FIRST: Final = re.compile(r"(peak_)?ttft_(p[0-9.]+)")
_RESULT: Final = re.compile(r"result_(p[0-9.]+)")
_LEAST: Final = re.compile(r"least_(p[0-9.]+)")
_PEAK: Final = re.compile(r"peak_(p[0-9.]+)")
_OF_ANSWER: Final = re.compile(r"(least_|peak_)?p[0-9.]+")
_PERCENTILES: Final = {_RESULT: "until the result, {}", _LEAST: "{} on idle servers", _PEAK: "{} at peak"}
_PERCENTILE: Final = re.compile(r"p[0-9.]+")


def label(name: str, later: bool = False) -> str:
    """Return the name of a number in words; `later` if the result comes after the request was accepted.

    >>> label("breaks_at"), label("lost_traffic"), label("least_p99")
    ('breaks at', 'traffic lost if it fails', 'p99 on idle servers')
    >>> label("least_p99", later=True), label("result_p99", later=True)
    ('until accepted, p99 on idle servers', 'until the result, p99')
    """
    said = _plain(name)
    return f"until accepted, {said}" if later and _OF_ANSWER.fullmatch(name) else said


def _plain(name: str) -> str:
    first = _FIRST.fullmatch(name)
    if first is not None:
        return f"first token, {first[2]}{' at peak' if first[1] else ''}"
    for pattern, said in _PERCENTILES.items():
        found = pattern.fullmatch(name)
        if found is not None:
            return said.format(found[1])
    return _LABELS.get(name, name.replace("_", " "))


def meaning(name: str, later: bool = False) -> str:
    """Return what the name of a number means, as in `label`; empty for an unknown one.

    >>> meaning("least_p99")
    'p99 of the answer on idle servers: no load makes it faster'
    >>> meaning("p99", later=True)
    'p99 of the time until the request is accepted at the mean rates, with the waits for workers'
    """
    said = _meaning(name)
    return said.replace("the answer", "the time until the request is accepted") if later else said


def _meaning(name: str) -> str:
    first = _FIRST.fullmatch(name)
    if first is not None:
        when = "while the workload is at its peak" if first[1] else "at the mean rates"
        return f"{first[2]} of the time to the first token {when}, with the waits for a place in the batch"
    result = _RESULT.fullmatch(name)
    if result is not None:
        return f"{result[1]} of the time from the message until the work behind the queues is done"
    peak = _PEAK.fullmatch(name)
    if peak is not None:
        return f"{peak[1]} of the answer while the workload is at its peak"
    if _PERCENTILE.fullmatch(name):
        return f"{name} of the answer at the mean rates, with the waits for workers"
    match = _LEAST.fullmatch(name)
    if match is not None:
        return f"{match[1]} of the answer on idle servers: no load makes it faster"
    return MEANINGS.get(name, "")


def number_text(number: Number | None) -> str:
    """Return a number as people read it, with `>=` or `<=` for a bound and `~` for an estimate.

    >>> from archlint.analysis.quantity import Quantity
    >>> number_text(Quantity("p99", 0.25, "s", "", bound="least")), number_text(None)
    ('>= 250 ms', 'none')
    """
    if number is None:
        return "none"
    if isinstance(number, Missing):
        return "unknown"
    sign = {"least": ">= ", "most": "<= "}.get(number.bound, "" if number.proven else "~ ")
    return f"{sign}{format_quantity(number.value, number.unit)}"


def why_missing(number: Missing) -> str:
    """Return why a number is missing: the keys to add, or the reason.

    >>> why_missing(Missing("utilisation", because="it has no replicas"))
    'it has no replicas'
    """
    if number.because or not number.needs:
        return number.because
    return f"add {places_text(number.needs)}"


def left_out(one: Waterfall) -> Iterator[str]:
    """Yield which facts a sum of times lacks, and what counts in their place."""
    if one.unknown:
        yield f"not stated, so counted as 0: {places_text(one.unknown)}"
    if one.bounded:
        yield f"not stated, so the minimum of the hardware counts: {places_text(one.bounded)}"


def places_text(places: Sequence[Place]) -> str:
    """Return a few places of the file, and how many more there are."""
    shown = ", ".join(f"`{place.at}`" for place in places[:3])
    return shown + (f" and {len(places) - 3} more" if len(places) > 3 else "")
