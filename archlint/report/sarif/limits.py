"""GitHub's limits for SARIF. A report beyond them is shortened, the least severe results first, with a notification.

Source: docs.github.com, "SARIF support for code scanning", sections "File compatibility" and "Supported properties",
and "SARIF results exceed one or more limits".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from archlint.report.sarif import records as sarif


class Limits(msgspec.Struct, frozen=True):
    """How much a file may hold: counts, and the size of the whole file after gzip (`gzip_bytes`).

    Of more than `shown_results` results, GitHub stores all and shows only so many.
    """

    results: int = 25_000
    shown_results: int = 5_000
    rules: int = 25_000
    locations: int = 1_000
    flow_locations: int = 10_000
    gzip_bytes: int = 10_000_000


GITHUB: Final = Limits()
_GZIP_FRAME: Final = 18
"""Bytes of header and trailer (RFC 1952), at most: the header and trailer of zlib differ a little."""
_RANKS: Final = {"error": 0, "warning": 1, "note": 2}


def rank(result: sarif.Result) -> int:
    """Return the priority of a result: errors, warnings, notes, baseline, accepted, open questions.

    GitHub keeps results by severity too, but does not document the last three.
    """
    if result.kind == "open":
        return 5
    if result.baseline_state == "unchanged":
        return 3
    return 4 if result.suppressions else _RANKS.get(result.level, 2)


def most_severe(results: Sequence[sarif.Result], most: int) -> list[sarif.Result]:
    """Return at most so many results, the most severe, in their order."""
    if len(results) <= most:
        return list(results)
    kept = sorted(range(len(results)), key=lambda number: (rank(results[number]), number))[:most]
    return [results[number] for number in sorted(kept)]


def trimmed(result: sarif.Result, limits: Limits) -> sarif.Result:
    """Return a result with at most as many places as the limits allow; the same object if it is within them."""
    related = result.related_locations[: max(0, limits.locations - len(result.locations))]
    flows, room = [], limits.flow_locations
    for flow in result.code_flows:
        threads = []
        for thread in flow.thread_flows:
            threads.append(sarif.ThreadFlow(thread.locations[:room]))
            room -= len(threads[-1].locations)
        flows.append(sarif.CodeFlow(threads))
    if len(related) == len(result.related_locations) and flows == result.code_flows:
        return result
    return msgspec.structs.replace(result, related_locations=related, code_flows=flows)


def gzip_size(data: bytes, most: int = 0) -> int:
    """Return the size of data after gzip; an upper bound if that is `most` or less."""
    from zlib import compress

    quick = len(compress(data, 1)) + _GZIP_FRAME
    return quick if quick <= most else len(compress(data, 6)) + _GZIP_FRAME
