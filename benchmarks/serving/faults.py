"""What callers see during an event in a service: a part is killed, uses all CPU, or is deployed again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kit.load import Call, Plan, Record, Samples, run


class Second(NamedTuple):
    """The requests due in one second: how many, how many without a good answer, and the p99 of the good ones in s."""

    requests: int
    lost: int
    p99_s: float


class Episode(NamedTuple):
    """A run with an event at `at_s`.

    `lost` are the requests without a good answer, `lost_for_s` the time from the event until the last of them was due;
    `calm_p99_s` is the p99 of those due before the event, `after_p99_s` that of those after it which were answered.
    """

    name: str
    event: str
    at_s: float
    record: Record
    lost: int
    lost_for_s: float
    calm_p99_s: float
    after_p99_s: float
    seconds: tuple[Second, ...]


def episode(
    name: str, event: str, plan: Plan, calls: Sequence[Call], happen: Callable[[], None], at_s: float
) -> Episode:
    """Run a plan, trigger an event `at_s` seconds after its measured part began, and summarise both sides of it."""
    problems: list[BaseException] = []

    def wait_and_act() -> None:
        time.sleep(plan.warmup_s + 0.05 + at_s)
        try:
            happen()
        except Exception as error:                 # reported by the measuring thread
            problems.append(error)

    actor = threading.Thread(target=wait_and_act)
    actor.start()
    record, samples = run(plan, calls)
    actor.join()
    if problems:
        raise RuntimeError(f"{name}: {event} did not happen: {problems[0]}") from problems[0]
    return summed_up(name, event, at_s, record, samples)


def summed_up(name: str, event: str, at_s: float, record: Record, samples: Samples) -> Episode:
    """Return how many requests were lost, and for how long."""
    good = (samples.status > 0) & (samples.status < 400)
    bad_due = samples.due_s[~good & (samples.due_s >= at_s - 1)]
    before = good & (samples.due_s < at_s - 1)
    return Episode(
        name, event, at_s, record,
        lost=int((~good).sum()),
        lost_for_s=max(0.0, float(bad_due.max()) - at_s) if len(bad_due) else 0.0,
        calm_p99_s=_p99(samples.latency_s[before]),
        after_p99_s=_p99(samples.latency_s[good & (samples.due_s >= at_s)]),
        seconds=tuple(_second(samples, good, start) for start in range(int(samples.due_s.max()) + 1)),
    )  # fmt: skip


def _second(samples: Samples, good: NDArray[np.bool_], start: int) -> Second:
    here = (samples.due_s >= start) & (samples.due_s < start + 1)
    return Second(int(here.sum()), int((here & ~good).sum()), _p99(samples.latency_s[here & good]))


def _p99(values: NDArray[np.float64]) -> float:
    return float(np.percentile(values, 99, method="higher")) if len(values) else float("nan")
