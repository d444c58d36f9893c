"""Every pattern that answers requests, its requests, and its part that is killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import redis

from benchmarks.serving.faults import Episode, episode
from benchmarks.serving.results import Measured
from benchmarks.serving.runs import gated, highest_rate
from benchmarks.serving.stories import first_share, kill_one, records
from benchmarks.serving.subjects import Subject, memory_mb, started
from kit.load import Call, Plan
from kit.models import DataSet, examples
from kit.nginx import nginx
from kit.testing.servers import redis_server
from kit.testing.service import Service

T = TypeVar("T")
_SIDE_BY_SIDE: tuple[DataSet, ...] = ("iris", "wine", "breast_cancer")
LANGUAGE_RATE = 4.0                                # an answer has 32 tokens, and all models share one core
_QUIET = {"log_level": "warning"}
_OPEN = {**_QUIET, "tenants": '{"": {"name": "all", "tokens_per_min": 1e12, "usd_per_month": 1e9}}'}


def _many(data_set: DataSet, count: int) -> list[Call]:
    """Return requests with many records each: a single record is answered faster than the generator can send."""
    rows = examples(data_set).tolist() * (count // len(examples(data_set)) + 2)
    return [Call("/predict", records(rows[first : first + count])) for first in range(0, 150, 10)]


def _body(value: object, path: str = "/predict") -> list[Call]:
    return [Call(path, json.dumps(value).encode())]


def _said(model: str, stream: bool = False) -> list[Call]:
    """Return chats whose answers have 32 tokens each, with different seeds."""
    question = {"model": model, "messages": [{"role": "user", "content": "What is a class?"}], "max_tokens": 32}
    return [
        call for seed in range(50)
        for call in _body({**question, "seed": seed, "ignore_eos": True, "stream": stream}, "/v1/chat/completions")
    ]  # fmt: skip


IRIS = _many("iris", 600)
DIGITS = _many("digits", 100)
STREAMS = _said("topics-large", True)
_BOTH = {name: {"inputs": examples(name)[:140].tolist()} for name in _SIDE_BY_SIDE}
SUBJECTS = (
    Subject("web-single", "web_single", IRIS, (), _QUIET),
    Subject("web-single, with Flask", "web_single", IRIS, ("--flask",), _QUIET),
    Subject("web-single, two behind nginx", "web_single", IRIS, ("--replicas", "2"), _QUIET),
    Subject("synchronous", "synchronous", IRIS, (), _QUIET),
    Subject("asynchronous, accepted", "asynchronous", [Call("/predictions", call.body) for call in IRIS], (), _QUIET),
    Subject("multiple-stage", "multiple_stage", IRIS, (), _QUIET),
    Subject("microservice-horizontal", "microservice_horizontal", _body(_BOTH), (), _QUIET),
    Subject("prediction-cache, all hits", "prediction_cache", DIGITS[:1], (), _QUIET),
    Subject("prediction-cache, with Redis", "prediction_cache", DIGITS, (), {**_QUIET, "cache_url": "redis"}),
    Subject("data-cache", "data_cache", _body({"wines": list(range(100))}), (), _QUIET),
    Subject("prediction-circuit-break", "prediction_circuit_break", IRIS, (), _QUIET),
    Subject("prediction-log", "prediction_log", IRIS, (), _QUIET),
    Subject("model-load", "model_load", IRIS, (), _QUIET),
    Subject("model-in-image", "model_in_image", IRIS, (), _QUIET),
    Subject("smaller-model", "smaller_model", DIGITS, (), _QUIET),
    Subject("continuous-batching", "continuous_batching", STREAMS, (), _QUIET),
    Subject("continuous-batching, one by one", "continuous_batching", STREAMS, ("--one-by-one",), _QUIET),
    Subject("streamed-answer, behind nginx", "streamed_answer", STREAMS, (), _QUIET),
    Subject("llm-gateway, cache hits", "llm_gateway", _said("assistant")[:1], (), _OPEN, LANGUAGE_RATE),
    Subject("llm-gateway, cache misses", "llm_gateway", _said("assistant"), (), {**_OPEN, "cache_threshold": "1.01"},
            LANGUAGE_RATE),
    Subject("model-cascade", "model_cascade", _said("cascade"), (), _QUIET, LANGUAGE_RATE),
    Subject("model-cascade, always the larger model", "model_cascade", _said("cascade"), ("--always-large",), _QUIET,
            LANGUAGE_RATE),
    Subject("guardrail", "guardrail", _said("topics-large"), (), _QUIET, LANGUAGE_RATE),
    Subject("guardrail, the model alone", "continuous_batching", _said("topics-large"), (), _QUIET, LANGUAGE_RATE),
    Subject("rag", "rag", _body({"question": "What is an assertion?", "max_tokens": 16}, "/ask"), (), _QUIET,
            LANGUAGE_RATE),
    Subject("batch, read from the store", "batch", [Call("/predictions/flower-000", method="GET")], (), _QUIET),
)  # fmt: skip


class Death(NamedTuple):
    """A part of a pattern that is killed during requests, by a word of its command line."""

    subject: str
    what: str
    part: str


DEATHS = (
    Death("web-single, two behind nginx", "a replica", "web_single.app"),
    Death("asynchronous, accepted", "a worker", "asynchronous.worker"),
    Death("microservice-horizontal", "the server of one model", "kit.model_server wine"),
    Death("prediction-circuit-break", "the model's server", "kit.model_server"),
    Death("prediction-cache, with Redis", "Redis", "redis-server"),
)


def _server_of(subject: Subject, folder: Path) -> AbstractContextManager[str]:
    """Start Redis if a subject needs it; its URL replaces the word `redis` in the settings."""
    return redis_server(folder) if "redis" in subject.settings.values() else nullcontext("")


def _wanted(subject: Subject, only: Sequence[str]) -> bool:
    return not only or any(subject.name.startswith(name) for name in only)


def _missing(subject: Subject) -> str:
    return "nginx is not installed" if "nginx" in subject.name and nginx() is None else ""


def patterns(folder: Path, seconds: float, only: Sequence[str], failures: dict[str, str]) -> Iterator[Measured]:
    """Measure each pattern at one rate, and find the highest of some rates that it sustains."""
    for subject in SUBJECTS:
        if not _wanted(subject, only):
            continue
        measured = _or_failure(subject, failures, partial(_measured, subject, folder, seconds))
        if measured is not None:
            yield measured


def _measured(subject: Subject, folder: Path, seconds: float) -> Measured:
    home = folder / subject.name.replace(" ", "-").replace(",", "")
    home.mkdir(parents=True, exist_ok=True)
    with _server_of(subject, home) as url:
        settings = {"cache_url": url} if url else {}
        with started(subject, home, **settings):       # the first start trains its model
            pass
        with started(subject, home, **settings) as running:
            weight = memory_mb(running.service)
            first = first_share(running.service, subject.calls[:10]) if subject.calls is STREAMS else None
            run = gated(Plan(running.service.url, subject.rate, seconds), subject.calls)
            best = highest_rate(running.service.url, subject.calls)
            return Measured(subject.name, subject.rate, run, running.start_s, weight, best, first_share=first)


def killed(folder: Path, seconds: float, only: Sequence[str], failures: dict[str, str]) -> Iterator[Episode]:
    """Kill a part of each pattern with several parts, during requests."""
    known = {subject.name: subject for subject in SUBJECTS}
    for death in DEATHS:
        subject = known[death.subject]
        if not _wanted(subject, only):
            continue
        seen = _or_failure(subject, failures, partial(_death, death, subject, folder, seconds))
        if seen is not None:
            yield seen


def _death(death: Death, subject: Subject, folder: Path, seconds: float) -> Episode:
    home = folder / f"killed-{subject.module}"
    home.mkdir(parents=True, exist_ok=True)
    with _server_of(subject, home) as url:
        settings = {"cache_url": url} if url else {}
        with started(subject, home, **settings) as running:
            plan = Plan(running.service.url, subject.rate, seconds, timeout_s=5)
            kill = _killer(running.service, death, url)
            return episode(subject.name, death.what, plan, subject.calls, kill, seconds / 3)


def _killer(service: Service, death: Death, cache_url: str) -> Callable[[], None]:
    if death.part == "redis-server":
        return lambda: _end_redis(cache_url)
    return lambda: kill_one(service, death.part)


def _end_redis(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.shutdown(nosave=True, now=True, force=True)


def _or_failure(subject: Subject, failures: dict[str, str], measure: Callable[[], T]) -> T | None:
    """Measure, or record why it failed; the other rows are still measured."""
    missing = _missing(subject)
    if missing:
        failures[subject.name] = missing
        return None
    try:
        return measure()
    except Exception as error:
        failures[subject.name] = f"{type(error).__name__}: {error}"[:400]
        return None
