"""Starts services for the benchmark: pinned to one core, with their start time and memory measured."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import httpx

from kit.load import Call
from kit.testing.service import Service, launch

_PATIENCE_S = 300.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Subject:
    """A service to measure: its start, and its requests. `calls` are sent in turn, `rate` of them per second."""

    name: str
    module: str
    calls: Sequence[Call]
    words: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    rate: float = 20.0


class Started(NamedTuple):
    """A running service, and the seconds from its start to its first good answer."""

    service: Service
    start_s: float


def pin(cores: Sequence[int]) -> None:
    """Pin this process and its future children to some cores; does nothing if there are too few."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > max(cores):
        os.sched_setaffinity(0, set(cores))


@contextmanager
def started(subject: Subject, folder: Path, **settings: str) -> Iterator[Started]:
    """Run a service on core 1, with the generator on core 0, until the end of the block."""
    begin = time.perf_counter()
    with _cores_kept():
        pin([1])
        with _one_thread():
            service = launch(folder, subject.module, *subject.words, **{**subject.settings, **settings})
        pin([0])
        try:
            service.wait_until_listening(_PATIENCE_S)
            first_answer(service, subject.calls[0])
            yield Started(service, time.perf_counter() - begin)
        finally:
            service.client.close()
            service.stop()
            service.kill()


@contextmanager
def _cores_kept() -> Iterator[None]:
    """Let this process use the same cores at the end as before."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let NumPy use one thread, because the service has one core: two threads would wait for each other."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def first_answer(service: Service, call: Call) -> None:
    """Send requests until one gets a good answer."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            if service.client.request(call.method, call.path, content=call.body, timeout=60, headers=JSON).is_success:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > end:
            raise TimeoutError(f"{service.url}{call.path} gave no good answer within {_PATIENCE_S:g} s")
        time.sleep(0.01)


JSON = {"Content-Type": "application/json"}


def memory_mb(service: Service) -> float:
    """Return the memory of all processes of a service in MB, with shared pages counted once; NaN outside Linux."""
    total_kb = 0
    for process in [service.process.pid, *service.children()]:
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total_kb * 1024 / 1e6 or float("nan")
