"""The objective, and the verdict on a run."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import IntEnum

from kit.load import MOST_DRIFT, MOST_LATENESS_SHARE, Record, failed_gates

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


class Verdict(IntEnum):
    """The verdict on a run, as an exit status; an invalid run allows no verdict."""

    MET = 0
    NOT_MET = 1
    INVALID = 3


@dataclass(frozen=True, slots=True)
class Objective:
    """A p99 of at most `p99_s`, and at most the share `errors` of requests without a good answer.

    `lateness` and `drift` are the limits for a valid run, as shares of `p99_s` and of the p50.
    """

    p99_s: float
    errors: float = 0.001
    lateness: float = MOST_LATENESS_SHARE
    drift: float = MOST_DRIFT


def judge(record: Record, objective: Objective) -> tuple[Verdict, list[str]]:
    """Return the verdict and its reasons.

    If the generator was late, the run is invalid, whatever it measured. Its lateness is compared with the objective: a
    millisecond makes no difference for 100 ms, even if the service answers in two. If the service did not keep up,
    missed is "not met". Met is invalid, because the service would soon have missed it.
    """
    gates = failed_gates(record, objective.lateness, objective.drift, objective.p99_s)
    if not record.good:
        return Verdict.NOT_MET, [f"none of {record.requests} requests got a good answer"]
    late = [str(gate) for gate in gates if gate.whose == "generator"]
    if late:
        return Verdict.INVALID, late
    missed = []
    if not record.p99 <= objective.p99_s:
        missed.append(f"the p99 is {duration(record.p99)}, above the maximum of {duration(objective.p99_s)}")
    if record.error_share > objective.errors:
        asked = f"maximum {objective.errors:.2%}"
        missed.append(f"{record.error_share:.2%} of the requests got no good answer, {asked}")
    if missed:
        return Verdict.NOT_MET, [*missed, *(str(gate) for gate in gates)]
    return (Verdict.INVALID, [str(gate) for gate in gates]) if gates else (Verdict.MET, [])


def duration(seconds: float) -> str:
    """Write a duration as `arch.yaml` takes it.

    >>> duration(0.01234), duration(2.5)
    ('12.3ms', '2.5s')
    """
    if math.isnan(seconds):
        return "none"
    return f"{seconds * 1000:.3g}ms" if seconds < 1 else f"{seconds:.3g}s"


def parse_duration(text: str) -> float:
    """Read a duration as `arch.yaml` has it, in seconds; raises `ValueError`.

    >>> parse_duration("100ms")
    0.1
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(us|ms|s|min)", text.strip())
    if not found:
        raise ValueError(f"`{text}` is not a duration; examples: 100ms, 1.5s")
    return float(found[1]) * _UNITS[found[2]]


def parse_rate(text: str) -> float:
    """Read a rate per second, `50/s` or `3000/min`; raises `ValueError`.

    >>> parse_rate("3000/min")
    50.0
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(/s|/min)?", text.strip())
    if not found:
        raise ValueError(f"`{text}` is not a rate; example: 50/s")
    return float(found[1]) / (60 if found[2] == "/min" else 1)


def parse_share(text: str) -> float:
    """Read a share, `0.1%` or `0.001`; raises `ValueError`."""
    number = text.strip()
    value = float(number[:-1]) / 100 if number.endswith("%") else float(number)
    if not value >= 0:
        raise ValueError(f"`{text}` is not a share; example: 0.1%")
    return value
