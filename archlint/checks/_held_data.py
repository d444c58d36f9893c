"""What the writers of a store leave in it, and which of them keep an item young enough for a reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from archlint.analysis.stores import DataAge
from archlint.analysis.system import System
from archlint.analysis.writers import exceeds_together, is_scheduled
from archlint.checks._lines import exceeds
from archlint.model.architecture import Relation, Workload
from archlint.model.places import Place


class Held(msgspec.Struct, frozen=True):
    """What a writer leaves in a store, no longer than `ttl` if its entries expire."""

    age: DataAge
    ttl: Relation | None

    @property
    def name(self) -> str:
        """The writer."""
        return self.age.writer.name

    @property
    def own_s(self) -> float:
        """Its own part of the age."""
        own_s = self.age.own.value_s
        return own_s if self.ttl is None else min(own_s, (self.ttl.ttl_s or 0.0) + self.age.run_s)

    @property
    def whole_s(self) -> float:
        """The age, with that of what the writer reads."""
        return self.own_s + self.age.read_s


class WritersOfStore:
    """What the writers of one store leave in it, for the question which of them keep an item young enough."""

    def __init__(self, system: System, held: Sequence[Held], most_s: float) -> None:
        self._system = system
        self._most_s = most_s
        self.fresh = [one for one in held if not exceeds(one.whole_s, self._most_s)]
        old = [one for one in held if exceeds(one.whole_s, self._most_s)]
        ages: dict[str, float] = {}
        for one in old:
            ages[one.name] = min(one.whole_s, ages.get(one.name, one.whole_s))
        most = {
            one.name: one.age.writer.records
            for one in self.fresh if one.age.writer.records is not None and not one.age.needs
        }  # fmt: skip
        self._most = sorted(most.items(), key=lambda item: -item[1])[:2]
        self.written_fresh = sum(one.age.writer.records or 0.0 for one in self.fresh)
        self._missing: dict[tuple[float | None, str | None], tuple[Place, ...]] = {}
        self._youngest = sorted(ages.items(), key=lambda item: item[1])[:2]
        self.youngest_old_s = self._youngest[0][1] if self._youngest else 0.0
        self.scheduled = {one.name: one.age.writer for one in old if is_scheduled(one.age.writer)}
        self.written = sum(writer.records or 0.0 for writer in self.scheduled.values())
        self.without_records = sum(writer.records is None for writer in self.scheduled.values())

    def reaches(self, count: float, but: str) -> bool:
        """Whether another writer than `but` surely keeps so many records young enough."""
        return any(records >= count for name, records in self._most if name != but)

    @cached_property
    def keeps_all_fresh(self) -> bool:
        """Whether a writer surely writes each change in time."""
        return any(one.age.live and not one.age.needs for one in self.fresh)

    def missing(self, least: float | None, workload: Workload | None) -> tuple[Place, ...]:
        """Return what would say whether another writer keeps at least so many records young enough."""
        unknown = workload.name if workload is not None and workload.distinct is None else None
        key = (least, unknown)
        if key not in self._missing:
            self._missing[key] = tuple(dict.fromkeys(self._unsaid(least, workload)))
        return self._missing[key]

    def _unsaid(self, least: float | None, workload: Workload | None) -> Iterator[Place]:
        for other in self.fresh:
            writer = other.age.writer
            reaches = least is not None and writer.records is not None and writer.records >= least
            unknown = [writer.place("records")] if writer.records is None else []
            unknown += [workload.place("distinct")] if workload is not None and workload.distinct is None else []
            if reaches or unknown:
                yield from (*other.age.needs, *unknown)

    @cached_property
    def are_late_together(self) -> bool:
        """Whether the scheduled jobs that are too old would be so even if their starts were spread evenly."""
        return exceeds_together(self._system, list(self.scheduled.values()), self._most_s)

    def is_younger(self, one: Held) -> bool:
        """Whether another writer is younger, and too old as well: that one is the finding."""
        return any(name != one.name and age_s < one.whole_s for name, age_s in self._youngest)
