"""How old the last message of a full queue is when it is processed: all before it wait for the same workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archlint.analysis.system import System
from archlint.analysis.work import Work, replicas_key, together, work
from archlint.checks._ages import Age, Asked, Judged, enough
from archlint.checks._lines import allowed_age, exceeds
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.model.quantities import format_duration
from archlint.verdicts import Certainty, Origin, Term, Undecided


class _Emptying(NamedTuple):
    """The work of all that empty a queue, from the view of the first worker that was asked about."""

    worker: Component
    work: Work


class FullQueues:
    """Judges full queues; what empties a queue of the same models is worked out once for all of its workers."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._emptying: dict[tuple[str, tuple[str, ...]], _Emptying] = {}
        self._consumers: dict[str, dict[str, list[Component]]] = {}

    def judged(self, asked: Asked, queue: Component, worker: Component, models: tuple[str, ...]) -> Judged:
        """Judge the last message of a full queue that a worker takes, with the help of others."""
        own = self._own(queue, worker, models)
        if isinstance(own, Undecided):
            return own
        known = self._emptying.get((queue.name, models))
        if known is None:
            found = self._with_help(queue, worker, models, own)
            if isinstance(found, Undecided):
                return found
            known = self._emptying[queue.name, models] = _Emptying(worker, found)
        if not exceeds(known.work.value_s, asked.freshness_s):
            return None
        return _too_old(asked, queue, known.worker, known.work)

    def _own(self, queue: Component, worker: Component, models: tuple[str, ...]) -> Work | Undecided:
        """Return the work of a worker that empties the queue alone, or what would say it."""
        length = queue.max_length
        done = work(self._system, length or 0.0, models, worker, widest=True)
        if length is None or not isinstance(done, Work):
            needs = () if length is not None else (queue.place("max_length"),)
            unknown = () if isinstance(done, Work) else done
            because = f"how long the last message of a full `{queue.name}` waits"
            return Undecided(queue.place(), (*needs, *unknown), because)
        if not done.slots:
            because = f"how many replicas of `{worker.name}` take messages from `{queue.name}`"
            return Undecided(queue.place(), (replicas_key(worker, widest=True),), because)
        return done

    def _with_help(
        self, queue: Component, worker: Component, models: tuple[str, ...], done: Work
    ) -> Work | Undecided:
        """Add the work of all others that take the same from the queue."""
        for other in self._others(queue, worker, models):
            helped: Work | tuple[Place, ...] = work(self._system, queue.max_length or 0.0, models, other, widest=True)
            if not isinstance(helped, Work):
                return Undecided(queue.place(), helped, f"how much `{other.name}` takes from `{queue.name}`")
            done = together(done, helped)
        return done

    def _others(self, queue: Component, worker: Component, models: tuple[str, ...]) -> Iterator[Component]:
        """Yield the other components that take the same work from a queue."""
        for component in self._with(queue).get(models[0] if models else "", ()):
            if component.name != worker.name and set(models) <= set(component.serves):
                yield component

    def _with(self, queue: Component) -> dict[str, list[Component]]:
        """Return the consumers of a queue by each model that they serve, and all of them without a name."""
        if queue.name not in self._consumers:
            found: dict[str, list[Component]] = {"": []}
            for relation in self._system.topology.consumptions(queue.name):
                component = self._system.components[relation.source]
                for name in ("", *component.serves):
                    found.setdefault(name, []).append(component)
            self._consumers[queue.name] = found
        return self._consumers[queue.name]


def _too_old(asked: Asked, queue: Component, worker: Component, done: Work) -> Age:
    length, at = queue.max_length or 0.0, queue.place("max_length")
    formula = "messages x service time / (replicas x workers)"
    return Age(
        asked,
        at,
        done.value_s,
        f"`{worker.name}` takes about {format_duration(done.value_s)} to empty `{queue.name}` when it is full, but "
        f"`{asked.name}` allows {allowed_age(done.value_s, asked.freshness_s)}: "
        f"{enough(length, done, asked.freshness_s)}",
        (
            Term("max_length", f"maximum length of {queue.name}", length, "count", Origin.STATED, at),
            *done.terms,
            Term("age", "time to empty the full queue", done.value_s, "s", Origin.DERIVED, None, formula),
        ),
        ("parallel-jobs",),
        Certainty.ESTIMATED,
    )
