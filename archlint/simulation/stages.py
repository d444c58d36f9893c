"""The stage-wise engine: each centre is computed once, over all requests that come to it, in the order of the request.

It is exact where no request comes back to a centre that it has left. Where one does (a retry, a worker that waits for
another centre), `archlint.simulation.calendar` steps through the events instead.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Generic

from archlint.simulation.backend import Backend, Ended, V, combined
from archlint.simulation.laws import CONSTANT
from archlint.simulation.scenario import (
    RANDOM,
    Attempts,
    Choice,
    Delay,
    Later,
    Node,
    Parallel,
    Scenario,
    Stream,
    Visit,
    every,
)
from archlint.simulation.scenario import Sequence as InSequence

State = tuple[V, V | None]
"""When each request is here (infinite: it is not), and why it is lost."""


class Serve(Generic[V]):
    """A visit that waits until all requests of its centre are known."""

    def __init__(self, visit: Visit, at: V, work: V) -> None:
        self.visit = visit
        self.at = at
        self.work = work


class Fork(Generic[V]):
    """Branches that run side by side; with `later`, the request does not wait for them."""

    def __init__(self, nodes: Sequence[Node], at: V, later: str = "") -> None:
        self.nodes = nodes
        self.at = at
        self.later = later


Ask = Serve[V] | Fork[V]
Walk = Generator[Ask[V], list[State[V]], State[V]]


class Task(Generic[V]):
    """A walk through a tree, and the task that waits for its end."""

    def __init__(self, walk: Walk[V], parent: Task[V] | None, slot: int, stream: Stream, later: str) -> None:
        self.walk = walk
        self.parent = parent
        self.slot = slot
        self.stream = stream
        self.later = later
        self.open = 0
        self.states: list[State[V] | None] = []


class FeedbackError(Exception):
    """Requests come back to a centre, so that no order of the centres exists."""


class Stages(Generic[V]):
    """One run of a scenario over a number of requests of each stream.

    `ends` are the outcomes of each stream, `results` those of what happens later, by stream and queue.
    """

    def __init__(self, scenario: Scenario, backend: Backend[V], counts: dict[str, int]) -> None:
        self.scenario = scenario
        self.backend = backend
        self.counts = counts
        self.ends: dict[str, Ended] = {}
        self.results: dict[tuple[str, str], Ended] = {}
        self._expected = visits_of(scenario)
        self._waiting: dict[str, list[tuple[Task[V], Serve[V]]]] = {}
        self._drawn: dict[tuple[str, str], V] = {}
        self._arrived: dict[str, V] = {}
        self._positions = positions_of(scenario)

    def run(self) -> None:
        """Compute all centres; raises `FeedbackError` if their order is not that of the requests."""
        for stream in self.scenario.streams:
            count = self.counts[stream.name]
            at = self._arrived[stream.name] = self.backend.arrivals(
                f"arrivals {stream.name}", stream.rate_per_s, count
            )
            self._advance(Task(self._walk(stream, stream.node, at), None, 0, stream, ""), None)
        while self._waiting:
            ready = [name for name, asked in self._waiting.items() if len(asked) == self._expected[name]]
            if not ready:
                raise FeedbackError(", ".join(self._waiting))
            for name in ready:
                self._serve(name)

    def _serve(self, name: str) -> None:
        centre, asked = self.scenario.centres[name], self._waiting.pop(name)
        asked.sort(key=lambda one: (one[0].stream.name, self._position(one[1].visit)))
        picks = None
        if centre.balancing == RANDOM and not centre.pooled:
            picks = self.backend.uniforms(f"picks {name}", sum(self.counts[task.stream.name] for task, _ in asked))
        states = self.backend.serve(centre, [(one.at, one.work) for _, one in asked], picks)
        for (task, _), state in zip(asked, states, strict=True):
            self._advance(task, [state])

    def _position(self, visit: Visit) -> int:
        return self._positions[id(visit)]

    def _advance(self, task: Task[V], states: list[State[V]] | None) -> None:
        """Continue a task until it waits for a centre or for its branches, or ends."""
        try:
            asked = next(task.walk) if states is None else task.walk.send(states)
        except StopIteration as end:
            self._end(task, end.value)
            return
        if isinstance(asked, Serve):
            self._waiting.setdefault(asked.visit.centre, []).append((task, asked))
            return
        parent = None if asked.later else task
        task.states, task.open = [None] * len(asked.nodes), len(asked.nodes)
        children = [
            Task(self._walk(task.stream, node, asked.at), parent, slot, task.stream, asked.later or task.later)
            for slot, node in enumerate(asked.nodes)
        ]
        for child in children:
            self._advance(child, None)
        if asked.later:
            self._advance(task, [])

    def _end(self, task: Task[V], state: State[V]) -> None:
        parent = task.parent
        if parent is None:
            arrived, (ended, lost) = self._arrived[task.stream.name], state
            found = self.backend.ended(arrived, ended, lost)
            if task.later:
                self.results.setdefault((task.stream.name, task.later), Ended()).extend(found)
            else:
                self.ends[task.stream.name] = found
            return
        parent.states[task.slot] = state
        parent.open -= 1
        if parent.open == 0:
            self._advance(parent, [one for one in parent.states if one is not None])

    def _drawn_once(self, stream: Stream, label: str) -> V:
        """Return uniform numbers of a stream, the same each time they are asked for."""
        key = stream.name, label
        if key not in self._drawn:
            self._drawn[key] = self.backend.uniforms(f"{stream.name} {label}", self.counts[stream.name])
        return self._drawn[key]

    def _chosen(self, stream: Stream, name: str, at: V) -> V:
        """Return the uniform numbers by which requests that are here at a time choose."""
        drawn, cold = self._drawn_once(stream, name), self.scenario.cold.get(name)
        return drawn if cold is None else self.backend.zero_within(drawn, at, *cold)

    def _walk(self, stream: Stream, node: Node, at: V) -> Walk[V]:
        backend = self.backend
        if isinstance(node, Visit):
            return (yield from self._visit(stream, node, at))
        if isinstance(node, Delay):
            if node.law.kind == CONSTANT:
                return backend.shift(at, node.law.mean_s), None
            drawn = self._drawn_once(stream, work_label(self._positions[id(node)], 0))
            return backend.add(at, backend.times(node.law, drawn)), None
        if isinstance(node, InSequence):
            return (yield from self._sequence(stream, node.nodes, at))
        if isinstance(node, Later):
            yield Fork((node.node,), at, node.name)
            return at, None
        if isinstance(node, Parallel):
            states = yield Fork(node.nodes, at)
            return joined(backend, states)
        if isinstance(node, Choice):
            return (yield from self._choice(stream, node, at))
        return (yield from self._attempt(stream, node, at))

    def _visit(self, stream: Stream, node: Visit, at: V) -> Walk[V]:
        backend, total = self.backend, None
        for number, work in enumerate(node.works):
            drawn = self._drawn_once(stream, work_label(self._position(node), number))
            part = backend.times(work.law, drawn)
            for name, low, high in work.arms:
                part = backend.between(part, self._chosen(stream, name, at), low, high, 0.0)
            total = part if total is None else backend.add(total, part)
        if total is None:
            total = backend.between(at, at, math.inf, math.inf, 0.0)
        (state,) = yield Serve(node, at, total)
        return state if node.then is None else (yield from self._after(stream, state, node.then))

    def _after(self, stream: Stream, before: State[V], node: Node) -> Walk[V]:
        """Walk on with the requests that are not lost."""
        at, lost = before
        if lost is None:
            return (yield from self._walk(stream, node, at))
        ended, gone = yield from self._walk(stream, node, self.backend.going_on(at, lost))
        ended = self.backend.earliest([self.backend.stopping(at, lost), ended])
        return ended, combined(self.backend, [lost, gone])

    def _sequence(self, stream: Stream, nodes: Sequence[Node], at: V) -> Walk[V]:
        state: State[V] = at, None
        for node in nodes:
            state = yield from self._after(stream, state, node)
        return state

    def _choice(self, stream: Stream, node: Choice, at: V) -> Walk[V]:
        drawn, rest = self._chosen(stream, node.name, at), 0.0
        ended, losses = [], []
        for low, rest, branch in node.ranges():
            inside = self.backend.between(at, drawn, low, rest, math.inf)
            end, lost = yield from self._walk(stream, branch, inside)
            ended.append(end)
            losses.append(lost)
        ended.append(self.backend.between(at, drawn, rest, math.inf, math.inf))
        return self.backend.earliest(ended), combined(self.backend, losses)

    def _attempt(self, stream: Stream, node: Attempts, at: V) -> Walk[V]:
        backend = self.backend
        ended, lost = yield from self._walk(stream, node.node, at)
        if node.timeout_s < math.inf:
            ended, lost = backend.give_up(at, ended, lost, node.timeout_s)
        if lost is None:
            if node.instead is not None:                # its visits must be asked for, as the centres wait for them
                none = backend.between(at, at, math.inf, math.inf, math.inf)
                yield from self._walk(stream, node.instead, none)
            return ended, None
        if node.instead is not None:
            stopped = backend.stopping(ended, lost)
            other, gone = yield from self._walk(stream, node.instead, stopped)
            ended, lost = backend.earliest([backend.going_on(ended, lost), other]), gone
        return ended, None if node.optional else lost


def joined(backend: Backend[V], states: Sequence[State[V]]) -> State[V]:
    """Return the end of parallel branches: the last, or the first that is lost."""
    ended, lost = backend.latest([at for at, _ in states]), combined(backend, [gone for _, gone in states])
    if lost is None:
        return ended, None
    stopped = [backend.stopping(at, gone) for at, gone in states if gone is not None]
    return backend.earliest([*stopped, backend.going_on(ended, lost)]), lost


def work_label(position: int, number: int) -> str:
    """Return the label of the random numbers of a piece of work."""
    return f"work {position}.{number}"


def positions_of(scenario: Scenario) -> dict[int, int]:
    """Return the position of each node in the trees of the streams, by its identity."""
    nodes = (node for stream in scenario.streams for node in every(stream.node))
    return {id(node): number for number, node in enumerate(nodes)}


def visits_of(scenario: Scenario, counts: dict[str, int] | None = None) -> dict[str, int]:
    """Return how many places in the trees lead to each centre; with `counts`, how many requests they are at most."""
    found: dict[str, int] = {}
    for stream in scenario.streams:
        for node in every(stream.node):
            if isinstance(node, Visit):
                found[node.centre] = found.get(node.centre, 0) + (1 if counts is None else counts[stream.name])
    return found
