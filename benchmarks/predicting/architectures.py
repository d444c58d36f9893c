"""The architectures: how each runs on this machine, its arch.yaml, and which of its times are measured at low load."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from archlint.measure.facts import duration, flow, times
from archlint.measure.times import Times
from benchmarks.serving.stories import records
from benchmarks.serving.subjects import Subject
from kit.load import Call
from kit.models import DataSet, examples
from prep_pred.preparation import Preparation
from prep_pred.release import make_release

Calls = Callable[[int], Sequence[Call]]
"""The requests of a run, by the number of the run: a cache must not know those that should miss it."""
Measured = Mapping[str, Times]
Facts = dict[tuple[str, str], str]
WORKLOAD: Final = "ask"
WHOLE: Final = "whole"
HITS: Final = 0.8
_SIZE: Final = 100
"""Records of one request to the cache, so that a hit takes milliseconds too."""
_QUIET: Final = {"log_level": "warning", "threads": "1"}
"""Each process works on one request after the other, as its `arch.yaml` says."""
_LEAST_SHARE: Final = 0.05
_LEAST_CV: Final = 0.1


@dataclass(frozen=True, slots=True)
class Probe:
    """A service to start alone, and requests to it: their time without load is measured.

    `prepare` makes what it needs in its folder for data.
    """

    subject: Subject
    calls: Calls
    prepare: Callable[[Path], None] = lambda _data: None

    def subject_with_calls(self, run: int) -> Subject:
        """Return the service, with the requests that show that it is ready."""
        return replace(self.subject, calls=self.calls(run))


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture. `text` is its arch.yaml without times; `RATE` stands for the rate.

    `probes` measure its parts; `whole` is the probe of the complete service, if it is not measured with `calls`.
    `facts` turns what was measured into service times of records; `work` into the time of a request on an idle machine.
    """

    name: str
    subject: Subject
    calls: Calls
    text: str
    facts: Callable[[Measured], Facts]
    probes: Mapping[str, Probe] = field(default_factory=dict)
    work: Callable[[Measured], float] = lambda measured: measured[WHOLE].mean_s

    def subject_with_calls(self, run: int) -> Subject:
        """Return the service, with the requests that show that it is ready."""
        return replace(self.subject, calls=self.calls(run))


def difference(whole: Times, *parts: Times) -> str:
    """Return the time that remains of a whole without its parts, as mean and cv.

    >>> whole, part = Times(1000, 0.005, 0.3, ()), Times(1000, 0.002, 0.5, ())
    >>> difference(whole, part)
    '{mean: 3ms, cv: 0.373}'
    """
    mean = max(whole.mean_s - sum(part.mean_s for part in parts), _LEAST_SHARE * whole.mean_s)
    variance = (whole.mean_s * whole.cv) ** 2 - sum((part.mean_s * part.cv) ** 2 for part in parts)
    cv = max(max(variance, 0.0) ** 0.5 / mean, _LEAST_CV)
    return flow({"mean": duration(mean), "cv": f"{cv:.3g}"})


def _same(calls: Sequence[Call]) -> Calls:
    return lambda _run: calls


def _batches(data_set: DataSet, count: int, path: str = "/predict") -> list[Call]:
    """Return requests with many records each, so that one takes milliseconds."""
    rows = examples(data_set).tolist() * (count // len(examples(data_set)) + 2)
    return [Call(path, records(rows[first : first + count])) for first in range(0, 150, 10)]


def _unseen(run: int, count: int = 900, size: int = _SIZE) -> list[Call]:
    """Return requests that no other run sends."""
    rows = examples("digits")[:size]
    return [Call("/predict", records((rows + run + number / 1e6).tolist())) for number in range(count)]


_HOT: Final = _batches("digits", _SIZE)[:10]


def _some_seen(run: int) -> list[Call]:
    """Return requests of which HITS were seen before, in an order that looks random."""
    unseen = iter(_unseen(run))
    draw, hot, found = np.random.default_rng(run), cycle(_HOT), list[Call]()
    while True:
        call = next(hot) if draw.random() < HITS else next(unseen, None)
        if call is None:
            return found
        found.append(call)


def _images() -> list[Call]:
    """Return images of 1,024 x 1,024 pixels for the preprocessor."""
    found = []
    for digit in examples("digits")[:20]:
        pixels = np.rint(digit.reshape(8, 8) * 255 / 16).astype(np.uint8)
        out = BytesIO()
        Image.fromarray(pixels).resize((1024, 1024), Image.Resampling.NEAREST).save(out, "PNG")
        found.append(Call("/predict", out.getvalue()))
    return found


def _predictor() -> Probe:
    version = Preparation().version
    bodies = ({"inputs": [row], "prepared_by": version} for row in examples("digits")[:20].tolist())
    subject = Subject("predictor", "prep_pred.predictor", (), (), _QUIET)
    return Probe(subject, _same([Call("/predict", json.dumps(body).encode()) for body in bodies]), make_release)


_BOTH: Final[tuple[DataSet, ...]] = ("iris", "wine", "breast_cancer")
_FANNED: Final = {name: {"inputs": examples(name)[:50].tolist()} for name in _BOTH}
_WORKLOAD: Final = f"""\
archlint: 1
workloads:
  {WORKLOAD}:
    from: client
    rate: RATE
    waits: true
    slo: {{latency: {{p50: 10s, p99: 10s}}}}
"""
_SINGLE: Final = f"""\
{_WORKLOAD}models:
  iris: {{}}
components:
  client: {{kind: client, calls: [api]}}
  api: {{kind: model-server, serves: [iris], replicas: 1, workers: 1}}
"""
_TANDEM: Final = f"""\
{_WORKLOAD}models:
  digits: {{}}
components:
  client: {{kind: client, calls: [front]}}
  front: {{kind: service, replicas: 1, workers: 1, calls: [predictor]}}  # all parts share one core
  predictor: {{kind: model-server, serves: [digits], replicas: 1, workers: 1}}
"""
_FAN_OUT: Final = f"""\
{_WORKLOAD}    models: [iris, wine, breast_cancer]
models:
  iris: {{}}
  wine: {{}}
  breast_cancer: {{}}
components:
  client: {{kind: client, calls: [front]}}
  front:
    kind: service
    replicas: 1
    workers: 1                                              # all parts share one core
    calls:
      - {{to: iris-server, parallel: all}}
      - {{to: wine-server, parallel: all}}
      - {{to: cancer-server, parallel: all}}
  iris-server: {{kind: model-server, serves: [iris], replicas: 1, workers: 1}}
  wine-server: {{kind: model-server, serves: [wine], replicas: 1, workers: 1}}
  cancer-server: {{kind: model-server, serves: [breast_cancer], replicas: 1, workers: 1}}
"""
_CACHE: Final = f"""\
{_WORKLOAD}models:
  digits: {{}}
components:
  client: {{kind: client, calls: [api]}}
  api: {{kind: model-server, serves: [digits], replicas: 1, workers: 1,
        calls: [{{to: cache, kind: prediction, hit_ratio: {HITS:.0%}, ttl: 60s, in_process: true}}]}}
  cache: {{kind: cache}}
"""
_QUEUE: Final = f"""\
{_WORKLOAD}models:
  iris: {{}}
components:
  client: {{kind: client, calls: [api]}}
  api: {{kind: service, replicas: 1, workers: 1, publishes: [jobs]}}
  jobs: {{kind: queue}}
  worker: {{kind: worker, serves: [iris], consumes: [jobs], replicas: 2}}
"""
_BATCH: Final = f"""\
{_WORKLOAD}components:
  client: {{kind: client, calls: [api]}}
  api: {{kind: service, replicas: 1, workers: 1}}           # it reads the predictions from SQLite, in its process
"""


def _server(name: DataSet) -> Probe:
    subject = Subject(f"server of {name}", "kit.model_server", [], (name,), {**_QUIET, "data_set": name})
    return Probe(subject, _same([Call("/predict", json.dumps(_FANNED[name]).encode())]))


def _tandem(measured: Measured) -> Facts:
    front = difference(measured[WHOLE], measured["predictor"])
    return {("models", "digits"): times(measured["predictor"]), ("components", "front"): front}


def _fan_out(measured: Measured) -> Facts:
    slowest = max((measured[name] for name in _BOTH), key=lambda one: one.mean_s)
    models: Facts = {("models", name): times(measured[name]) for name in _BOTH}
    return {**models, ("components", "front"): difference(measured[WHOLE], slowest)}


def _cached(measured: Measured) -> Facts:
    miss = difference(measured["misses"], measured["hits"])
    return {("components", "api"): times(measured["hits"]), ("models", "digits"): miss}


_WEB: Final = Subject("single", "web_single", (), (), _QUIET)
_PREP: Final = Subject("tandem", "prep_pred", (), (), _QUIET)
_STORED: Final = Subject("cache", "prediction_cache", (), (), _QUIET)
ARCHITECTURES: Final = (
    Architecture("single", _WEB, _same(_batches("iris", 500)), _SINGLE,
                 lambda measured: {("models", "iris"): times(measured[WHOLE])}),
    Architecture("tandem", _PREP, _same(_images()), _TANDEM, _tandem, {"predictor": _predictor()}),
    Architecture("fan-out", Subject("fan-out", "microservice_horizontal", (), (), _QUIET),
                 _same([Call("/predict", json.dumps(_FANNED).encode())]), _FAN_OUT, _fan_out,
                 {name: _server(name) for name in _BOTH}),
    Architecture("cache", _STORED, _some_seen, _CACHE, _cached,
                 {"hits": Probe(_STORED, _same(_HOT)), "misses": Probe(_STORED, _unseen)},
                 lambda measured: HITS * measured["hits"].mean_s + (1 - HITS) * measured["misses"].mean_s),
    Architecture("queue and worker", Subject("queue", "asynchronous", (), (), _QUIET),
                 _same(_batches("iris", 400, "/predictions")), _QUEUE,
                 lambda measured: {("components", "api"): times(measured[WHOLE])}),
    Architecture("batch", Subject("batch", "batch", (), (), _QUIET),
                 _same([Call("/predictions/flower-000", method="GET")]), _BATCH,
                 lambda measured: {("components", "api"): times(measured[WHOLE])}),
)  # fmt: skip
