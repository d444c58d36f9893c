"""A small simulation of what a request does, event by event, as an oracle for the closed forms.

It knows nothing of queueing theory: requests arrive at random, take workers, wait in first-come order, and draw their
times. Every request is a generator that yields what it waits for.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Generator, Iterable

from archlint.analysis.service_time import mean, squared_cv
from archlint.analysis.stations import (
    Attempts,
    Delay,
    Mixture,
    Node,
    RequestPath,
    Series,
    Station,
    Together,
    Visit,
    Work,
    path_of,
    stations_at,
)
from archlint.analysis.system import System
from archlint.model.architecture import ServiceTime

Steps = Generator[object, None, None]


class Queue:
    """The workers of one queue."""

    def __init__(self, workers: float) -> None:
        self.free = workers
        self.waiting: deque[Process] = deque()


class Process:
    """A request, or a branch of one; `parent` continues when all of its branches are done."""

    def __init__(self, steps: Steps, parent: Process | None = None) -> None:
        self.steps = steps
        self.parent = parent
        self.open_branches = 0


class Simulation:
    """Runs requests of all workloads of a system at some rates, and keeps how long each took."""

    def __init__(self, system: System, rates: dict[str, float], seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.events: list[tuple[float, int, Process]] = []
        self.count = 0
        self.stations = stations_at(system, rates)
        self.queues = {
            name: [Queue(station.servers if station.queued else math.inf) for _ in range(station.queues)]
            for name, station in self.stations.items()
        }
        self.turns = dict.fromkeys(self.queues, 0)
        self.rates = rates
        self.paths = {name: path_of(system, workload) for name, workload in system.workloads.items()}
        self.took: dict[str, list[float]] = {name: [] for name in self.paths}

    def run(self, requests: int) -> None:
        """Let requests arrive; the first tenth of each workload's is not kept."""
        for name, path in self.paths.items():
            if path is not None and self.rates.get(name):
                self.at(self.random.expovariate(self.rates[name]), Process(self.arrivals(name, path, requests)))
        while self.events:
            self.now, _, process = heapq.heappop(self.events)
            self.advance(process)
        for name, took in self.took.items():
            self.took[name] = took[len(took) // 10:]

    def at(self, time: float, process: Process) -> None:
        self.count += 1
        heapq.heappush(self.events, (time, self.count, process))

    def advance(self, process: Process) -> None:
        try:
            wanted = next(process.steps)
        except StopIteration:
            parent = process.parent
            if parent is not None:
                parent.open_branches -= 1
                if parent.open_branches == 0:
                    self.advance(parent)
            return
        if isinstance(wanted, float):
            self.at(self.now + wanted, process)
        elif isinstance(wanted, Queue):
            if wanted.free > 0:
                wanted.free -= 1
                self.at(self.now, process)
            else:
                wanted.waiting.append(process)
        elif isinstance(wanted, list):
            process.open_branches = len(wanted)
            for steps in wanted:
                self.at(self.now, Process(steps, process))

    def leave(self, queue: Queue) -> None:
        if queue.waiting:
            self.at(self.now, queue.waiting.popleft())
        else:
            queue.free += 1

    def arrivals(self, name: str, path: RequestPath, requests: int) -> Steps:
        for _ in range(requests):
            self.at(self.now, Process(self.request(name, path)))
            yield self.random.expovariate(self.rates[name])

    def request(self, name: str, path: RequestPath) -> Steps:
        started = self.now
        yield from self.visit(path, path.client)
        self.took[name].append(self.now - started)

    def visit(self, path: RequestPath, name: str) -> Steps:
        station, body = self.stations.get(name), path.bodies[name].inside
        if station is None or not station.queued:
            yield from self.piece(path, body, True)
            return
        queue = self.choose(name, station)
        yield queue
        if station.holds:
            yield from self.piece(path, body, True)
            self.leave(queue)
        else:
            yield self.own(body)
            self.leave(queue)
            yield from self.piece(path, body, False)

    def choose(self, name: str, station: Station) -> Queue:
        queues = self.queues[name]
        if not station.in_turn:
            return self.random.choice(queues)
        self.turns[name] = (self.turns[name] + 1) % len(queues)
        return queues[self.turns[name]]

    def own(self, node: Node) -> float:
        """Draw the component's own work of a request."""
        if isinstance(node, Work):
            return self.draw(node.time)
        if isinstance(node, Series | Together):
            return sum(self.own(part) for part in (node.parts if isinstance(node, Series) else node.branches))
        if isinstance(node, Mixture):
            return self.own(self.pick(node))
        return 0.0

    def piece(self, path: RequestPath, node: Node, works: bool) -> Steps:
        if isinstance(node, Work):
            if works:
                yield self.draw(node.time)
        elif isinstance(node, Delay):
            yield node.seconds
        elif isinstance(node, Visit):
            yield from self.visit(path, node.component)
        elif isinstance(node, Series):
            for part in node.parts:
                yield from self.piece(path, part, works)
        elif isinstance(node, Together):
            yield [self.piece(path, branch, works) for branch in node.branches]
        elif isinstance(node, Mixture):
            yield from self.piece(path, self.pick(node), works)
        elif isinstance(node, Attempts):
            yield from self.piece(path, node.inside, works)

    def pick(self, node: Mixture) -> Node:
        return self.random.choices([arm for _, arm in node.arms], [share for share, _ in node.arms])[0]

    def draw(self, time: ServiceTime) -> float:
        value, cv2 = mean(time) or 0.0, squared_cv(time) or 0.0
        if cv2 == 0 or value == 0:
            return value
        variance = math.log1p(cv2)
        return self.random.lognormvariate(math.log(value) - variance / 2, math.sqrt(variance))


def percentiles(took: Iterable[float], fractions: Iterable[float]) -> list[float]:
    """Return percentiles of what was simulated."""
    ordered = sorted(took)
    return [ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] for fraction in fractions]
