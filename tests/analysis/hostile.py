"""Valid but absurd systems: zeros, huge numbers, empty names, every kind in every role."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from archlint.model.words import KINDS, VERBS

T = TypeVar("T")
Entry = dict[str, object]

_NAMES = ("", "client", "a", "b", "q", "s", " ", "0", "서버", "a.b", "true")
_MODELS = ("m", "", "n", "0")
_TIMES = ("0s", "1ns", "40ms", "1s", "1h", "900000d")
_COUNTS = (0, 1, 2, 1000, "7B", "900T")
_WHOLE = (0, 1, 1, 2, 1000, 999_999)
_SHARES = (0, "0%", 1, "100%", 0.5, 0.000001, "99.999999%")
_RATES = ("0/s", "1/month", "30/s", "900M/s")
_SIZES = ("0B", "1B", "40MB", "900PB")
_PARTS = {
    "page": ("client", {"calls": ["edge"]}),
    "edge": ("load-balancer", {"calls": ["api"]}),
    "api": ("service", {"calls": ["", "seen"], "reads": ["seen", "table", "rows"], "publishes": ["jobs"], "writes": ["rows"]}),
    "seen": ("cache", {}),
    "": ("model-server", {"reads": ["rows"]}),
    "jobs": ("queue", {}),
    "worker": ("worker", {"consumes": ["jobs"], "calls": [""], "writes": ["rows", "table"]}),
    "flow": ("stream-processor", {"consumes": ["jobs"], "writes": ["table"]}),
    "nightly": ("batch-job", {"reads": ["rows"], "writes": ["table"], "calls": [""]}),
    "cron": ("scheduler", {"triggers": ["nightly"]}),
    "rows": ("database", {}),
    "table": ("feature-store", {}),
}
"""A system with every role, so that zeros and huge numbers meet the analyses and not only the reader."""
_PERCENTILES = ("p1", "p50", "p90", "p95", "p99", "p99.9999")
_SCHEDULES = ("0 3 * * *", "@daily", "6h", "1s", "9000d", "*/15 * * * 1-5")


class Lot:
    """Draws a system."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.chance = random.random
        self.least = random.choice((0.0, 0.0, 0.3, 0.7))       # probability of the first value: a zero
        self.stated = random.choice((0.0, 0.0, 0.5, 0.9))      # probability that an optional fact is stated
        self.shaped = self.chance() < 0.7
        self.names = list(_PARTS) if self.shaped else [name for name in _NAMES if self.chance() < 0.6] or ["a"]

    def text(self) -> str:
        """Return the system as an architecture file (JSON is YAML)."""
        system = {
            "archlint": 1,
            "team": {"engineers": self.one(_WHOLE), "on_call": self.one((True, False))},
            "workloads": {self.one(_NAMES): self._workload() for _ in range(3)},
            "models": {name: self._model() for name in _MODELS if self.chance() < 0.8},
            "components": {name: self._component(name) for name in self.names},
        }
        return json.dumps(system, ensure_ascii=False) + "\n"

    def one(self, values: Sequence[T]) -> T:
        """Draw one of some values."""
        return values[0] if self.chance() < self.least else self.random.choice(values)

    def _some(self, part: float, **facts: object) -> Entry:
        return {key: value for key, value in facts.items() if self.chance() < max(part, self.stated)}

    def _soft(self, **facts: object) -> Entry:
        return {key: value for key, value in facts.items() if self.chance() < 0.2}

    def _time(self) -> object:
        lot = self.chance()
        if lot < 0.5:
            return self.one(_TIMES)
        if lot < 0.8:
            low, high = sorted((self.one(range(len(_TIMES))), self.one(range(len(_TIMES)))))
            return {"p50": _TIMES[low], "p99": _TIMES[high]}
        return {"mean": self.one(_TIMES), "cv": self.one((0, 0.5, 900))}

    def _latency(self) -> Entry:
        return {self.one(_PERCENTILES): self.one(_TIMES)}

    def _workload(self) -> Entry:
        slo = self._some(
            0.6, latency=self._latency(), freshness=self.one(_TIMES), availability=self.one(("99%", "100%", "0%"))
        )
        facts = self._some(
            0.5, rate=self.one(_RATES), peak=self.one(_RATES), models=[self.one(_MODELS)], waits=self.one((True, False)),
            repeats=self.one(_SHARES), distinct=self.one(_COUNTS), slo=slo, inputs=self.one(("known", "unknown")),
        )  # fmt: skip
        return {"from": "page" if self.shaped and self.chance() < 0.9 else self.one(self.names), **facts}

    def _model(self) -> Entry:
        return self._some(
            0.4, artifact=self.one(_SIZES), parameters=self.one(_COUNTS), service_time=self._time(),
            precision=self.one(("fp32", "int4")), retrained=self.one(_TIMES), version=self.one(("1", "")),
        )  # fmt: skip

    def _component(self, name: str) -> Entry:
        scaling = {"min": self.one(_WHOLE), "max": self.one(_WHOLE)}
        facts = self._some(
            0.3, serves=[self.one(_MODELS)], service_time=self._time(), replicas=self.one((*_WHOLE, scaling)),
            autoscale=scaling, workers=self.one(_WHOLE), zones=self.one((["a"], ["a", "b"], [])), host=self.one("xy"),
            batching={"max_size": self.one(_WHOLE), "max_delay": self.one(_TIMES)}, limit=self.one(_WHOLE),
            callback=[self.one(self.names)], schedule=self.one(_SCHEDULES), records=self.one(_COUNTS),
            run_time=self.one(_TIMES), max_length=self.one(_COUNTS), dead_letter=self.one(self.names),
            preprocessing={"service_time": self._time()}, hardware={"gpu": "a100", "gpus": self.one(_WHOLE)},
            load_tested={"rate": self.one(_RATES), "p99": self.one(_TIMES)}, persistent=self.one((True, False)),
            price=self.one(("0 USD/h", "900000 USD/h", "3 USD/h")), trains=[self.one(_MODELS)],
            loads_model=self.one(("in-image", "at-start", "on-request")), training_code=self.one((True, False)),
        )  # fmt: skip
        if self.shaped:
            kind, relations = _PARTS[name]
            for verb, targets in relations.items():
                facts[verb] = [self._relation(verb, target) for target in targets if self.chance() < 0.8]
            if kind in {"model-server", "worker", "stream-processor", "batch-job"}:
                facts["serves"] = [self.one(_MODELS)]
            return {"kind": kind if self.chance() < 0.95 else self.one(tuple(KINDS)), **facts}
        for verb in VERBS:
            count = int(self.chance() * 4) if self.chance() < 0.35 else 0
            others = [other for other in self.names if other != name]
            if count and others:
                facts[verb] = [self._relation(verb, self.one(others)) for _ in range(count)]
        return {"kind": self.one(tuple(KINDS)), **facts}

    def _relation(self, verb: str, target: str) -> Entry:
        """Draw a relation with attributes that fit its verb."""
        if verb not in {"calls", "reads", "writes"}:
            return {"to": target, **self._soft(optional=True, either=self.one("ef"))}
        facts = self._soft(
            timeout=self.one(_TIMES), retries=self.one((0, 3, 10**9)), optional=True, fallback="none",
            share=self.one(_SHARES), when="odd", either=self.one("ef"), parallel=self.one("pq"),
            hit_ratio=self.one(_SHARES), ttl=self.one(_TIMES), kind=self.one(("prediction", "data")),
            network=self.one(_TIMES), payload=self.one(_SIZES),
        )  # fmt: skip
        if verb == "writes" and self.chance() < 0.3:
            facts["wait"] = False
        return {"to": target, **facts}
