"""A queue or database on a write path that loses accepted data when it restarts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.checks.queue_before_waiting_caller import TAKES_RESULTS, Side, waiting_side
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count
from archlint.verdicts import Certainty, Hit, NoParams, Related, Severity, Undecided, Verdict

WRITES: Final = frozenset({"writes", "publishes"})


class _Write(msgspec.Struct, frozen=True):
    writer: str
    at: Place


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each queue or database that is written to and is not persistent."""
    moved, traffic, answers = _dead_letters(system), Traffic(system), _Answers(system)
    for component in (*system.topology.of_kind("queue"), *system.topology.of_kind("database")):
        into = [_Write(r.source, r.place()) for r in system.topology.incoming[component.name] if r.verb in WRITES]
        into += moved.get(component.name, ())
        if not into:
            continue
        persistent = system.facts.persistent(component)
        if persistent is None:
            because = "whether accepted data survives a restart"
            keys = ("persistent",) if component.uses is not None else ("persistent", "uses")
            yield Undecided(component.place(), tuple(component.place(key) for key in keys), because)
        elif not persistent.value:
            waits = answers.only_for(component)
            if waits is not None:
                if waits:
                    yield Undecided(component.place(), waits, "whether it only carries answers to callers that wait")
                continue
            writes = sorted(into, key=lambda write: (write.writer, write.at.at))
            loss = max(traffic.through(name) for name in (component.name, *(write.writer for write in writes)))
            yield _hit(component, persistent, writes, loss)


class _Answers:
    """Which queues carry answers back to the side that waits: what they forget is gone with its caller."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._sides: dict[str, Side] = {}

    def only_for(self, queue: Component) -> tuple[Place, ...] | None:
        """Return None if anybody else needs the messages, else the keys that say whether the callers wait.

        Its consumers are all on the side of a client, or deliver to it, and its publishers are not: they answer.
        """
        if queue.kind != "queue":
            return None
        incoming = self._system.topology.incoming[queue.name]
        takers = {relation.source for relation in incoming if relation.verb == "consumes"}
        others = {relation.source for relation in incoming if relation.verb != "consumes"}
        asking = [w for w in self._system.workloads.values() if self._asks(w, takers, others)]
        if not takers or not asking or any(workload.waits is False for workload in asking):
            return None
        return tuple(workload.place("waits") for workload in asking if workload.waits is None)

    def _asks(self, workload: Workload, takers: set[str], others: set[str]) -> bool:
        client = workload.entrance.client
        if client not in self._system.components:
            return False
        if client not in self._sides:
            self._sides[client] = waiting_side(self._system, client)
        asking = self._sides[client].asking
        return all(self._delivers(name, asking) for name in takers) and others.isdisjoint(asking)

    def _delivers(self, name: str, asking: set[str]) -> bool:
        """Return whether a component is on the side that waits, or hands what it takes over to that side."""
        called = (r.target for r in self._system.topology.outgoing[name] if r.verb == "calls")
        handed = {*called, *self._system.components[name].callback}
        kinds = {target for target in handed & asking if self._system.components[target].kind in TAKES_RESULTS}
        return name in asking or bool(kinds)


def _dead_letters(system: System) -> dict[str, list[_Write]]:
    """Return for each dead-letter target the queues that move failed messages there."""
    found: dict[str, list[_Write]] = {}
    for name, component in system.components.items():
        if component.dead_letter is not None:
            found.setdefault(component.dead_letter, []).append(_Write(name, component.place("dead_letter")))
    return found


def _hit(component: Component, persistent: Fact, writes: Sequence[_Write], loss: float) -> Hit:
    shown = listed(write.writer for write in writes)
    what = "messages" if component.kind == "queue" else "records"
    why = "" if component.persistent is not None else f": `{component.uses}` keeps them only in memory"
    copies = _copies(component)
    together = f" when its {format_count(copies)} replicas restart together" if copies else " when it restarts"
    message = f"`{component.name}` loses the {what} accepted from {shown}{together}{why}"
    related = tuple(Related(write.at, "written here") for write in writes[:8])
    at = component.place("persistent" if component.persistent is not None else "uses")
    term = persistent.term("persistent", f"{component.name} is persistent")
    absent = (component.place("persistent"), component.place("replicas"))
    unsaid = component.persistent is False and component.least_replicas is None
    certainty = Certainty.HEURISTIC if copies or unsaid else Certainty.PROVEN
    severity = Severity.WARNING if copies else None
    return Hit(
        at, message, (term,), related, certainty, absent, cures=("durable-store",), severity=severity, loss=loss
    )  # fmt: skip


def _copies(component: Component) -> float:
    """Return how many replicas may hold copies, of a store that is said to keep its data in memory; 0 for none.

    A technology that stores nothing at all copies nothing either.
    """
    replicas = component.least_replicas or 0.0
    return replicas if component.persistent is False and replicas >= 2 else 0.0
