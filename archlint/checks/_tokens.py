"""Servers that are asked for more generated answers than their accelerators can make."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.analysis.token_load import TokenLoad, token_capacity, token_loads
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.quantities import format_count, format_rate
from archlint.verdicts import Certainty, Hit, Origin, Related, Term

_USUAL: Final = 3.6
"""How many times its floor a step takes at the median of 1,042 published measurements."""


def generating_too_much(system: System, traffic: Traffic) -> Iterator[Hit]:
    """Yield a hit for each such server. The floors of its steps are an estimate of what it can make, at best."""
    for found in token_loads(system).values():
        if not isinstance(found, TokenLoad):
            continue
        most = token_capacity(found)
        if most is None or not exceeds(found.requests_per_s, most.value):
            continue
        if found.by_memory and most.value == found.steps_per_s:
            continue                      # memory is the cause: CAP009 reports that
        server, asked = found.server, found.requests_per_s
        needed = math.floor(found.replicas * asked / most.value) + 1
        used = asked / most.value
        replicas = next(term for term in found.terms if term.name == "replicas")
        yield Hit(
            replicas.at or server.place(),
            f"`{server.name}` is overloaded: {format_rate(asked)} answers of {format_count(round(found.out))} tokens "
            f"arrive, but its replicas ({format_count(found.replicas)}) make about {format_rate(most.value)}; "
            f"it needs about {format_count(needed)} replicas",
            (*(term for term in most.terms if term.name != "requests"),
             Term("requests", "answers per second here", asked, "/s", Origin.DERIVED, None, "rate x visits"),
             Term("utilisation", "utilisation", used, "share", Origin.DERIVED, None, f"answers / ({most.formula})"),
             Term("most", "utilisation at which queues grow without limit", 1.0, "share", Origin.DERIVED, limit=True)),
            tuple(Related(w.place("peak" if found.peak and w.peak_per_s else "rate"), "this rate arrives")
                  for w in found.workloads[:8]),
            Certainty.ESTIMATED,
            cures=("replicate", "smaller-model"),
            band=(_least(found), used * _USUAL),
            loss=traffic.share(list(found.workloads)) * beyond(asked, most.value),
        )  # fmt: skip


def _least(found: TokenLoad) -> float:
    """Return the utilisation if prompts start alike, so that no work on them is left."""
    work_s = found.steps.work_s * found.out
    limits = [found.answers_per_s(0.0), found.replicas / work_s if work_s > 0 else None]
    return max(found.requests_per_s / limit for limit in limits if limit is not None)
