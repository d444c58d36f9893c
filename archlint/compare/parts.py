"""The parts of two versions of a system side by side: added, removed, changed, renamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Final

from archlint.analysis.stated import Fact, Rename, facts_of, unchanged
from archlint.compare.difference import ADDED, CHANGED, REMOVED, RENAMED, PartChange
from archlint.compare.facts import Change, changes_of
from archlint.compare.renames import Renamed, record_of
from archlint.compare.signatures import Part
from archlint.model.architecture import Architecture, Component, Relation
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.verdicts import Location

_ORDER: Final = ("workloads", "models", "components")


class Sides:
    """Two versions of a system, and the renames between them."""

    def __init__(self, old: Architecture, new: Architecture, renames: Mapping[Part, Renamed]) -> None:
        self.old = old
        self.new = new
        self.renames = renames
        self.was = {(section, to.name): name for (section, name), to in renames.items()}

    def now(self, section: str, name: str) -> str:
        """Return the current name of a part of the old version."""
        known = self.renames.get((section, name))
        return name if known is None else known.name

    def changes(self) -> Iterator[PartChange]:
        """Yield the changes: of the system itself, its parts, their relations, and its acceptances."""
        said = changes_of(facts_of(self.old, nones=self.old.nones), facts_of(self.new, nones=self.new.nones))
        if said:
            place = Place((), ())
            yield PartChange("system", self.new.name or "system", CHANGED, changes=said,
                             location=location_of(self.new, place))  # fmt: skip
        for section in _ORDER:
            yield from self._section(section)
        yield from self._relations()
        yield from self._accepted()

    def _names(self, architecture: Architecture, section: str) -> Iterable[str]:
        if section == "components":
            return architecture.components
        return architecture.models if section == "models" else architecture.workloads

    def _section(self, section: str) -> Iterator[PartChange]:
        before = {self.now(section, name): name for name in self._names(self.old, section)}
        after = self._names(self.new, section)
        for name in after:
            place = Place((section, name), (section, name))
            record = record_of(self.new, (section, name))
            kind = record.kind if isinstance(record, Component) else ""
            location = location_of(self.new, place)
            if name not in before:
                facts = facts_of(record, nones=self.new.nones)
                said = tuple(Change(key, None, fact.text) for key, fact in facts.items() if key != "kind")
                yield PartChange(section, name, ADDED, kind, changes=said, location=location)
                continue
            was = before[name]
            former = facts_of(record_of(self.old, (section, was)), self.now, self.old.nones)
            changes = changes_of(former, facts_of(record, nones=self.new.nones))
            if isinstance(record, Component):
                changes += self._order(self.old.components[was], record)
            if was != name:
                evidence = self.renames[section, was].evidence
                yield PartChange(section, name, RENAMED, kind, was, evidence, changes, location=location)
            elif changes:
                yield PartChange(section, name, CHANGED, kind, changes=changes, location=location)
        for name, was in before.items():
            if name not in after:
                record = record_of(self.old, (section, was))
                kind = record.kind if isinstance(record, Component) else ""
                location = location_of(self.old, Place((section, was), (section, was)))
                yield PartChange(section, name, REMOVED, kind, location=location)

    def _order(self, old: Component, new: Component) -> tuple[Change, ...]:
        """Compare which relations follow each cache: the order of relations matters only there."""
        before = [(relation.verb, self.now("components", relation.target)) for relation in _in_turn(old)]
        after = [(relation.verb, relation.target) for relation in _in_turn(new)]
        both = set(before) & set(after)
        if _behind(before, _caches(old, self.now), both) == _behind(after, _caches(new), both):
            return ()
        texts = [", ".join(f"{verb} {name}" for verb, name in side if (verb, name) in both) for side in (before, after)]
        # A relation that starts or ceases to look up a cache changes by itself.
        return (Change("order of relations", *texts),) if texts[0] != texts[1] else ()

    def _relations(self) -> Iterator[PartChange]:
        before = _by_ends(self.old, self.now)
        after = _by_ends(self.new)
        for ends, relations in after.items():
            pairs = _paired(before.pop(ends, []), relations, self._facts)
            for old, new in pairs:
                yield from self._relation(ends, old, new)
        for ends, relations in before.items():
            for relation in relations:
                yield from self._relation(ends, relation, None)

    def _facts(self, relation: Relation, is_old: bool) -> dict[str, Fact]:
        return facts_of(relation, self.now, self.old.nones) if is_old else facts_of(relation, nones=self.new.nones)

    def _relation(
        self, ends: tuple[str, str, str], old: Relation | None, new: Relation | None
    ) -> Iterator[PartChange]:
        source, verb, target = ends
        name = f"{source} {verb} {target}"
        if old is not None and new is not None:
            changes = changes_of(self._facts(old, True), self._facts(new, False))
            if changes:
                place = location_of(self.new, new.place())
                yield PartChange("relations", name, CHANGED, verb, changes=changes, source=source, target=target,
                                 location=place)  # fmt: skip
        elif new is not None:
            said = tuple(Change(key, None, fact.text) for key, fact in self._facts(new, False).items())
            place = location_of(self.new, new.place())
            yield PartChange("relations", name, ADDED, verb, changes=said, source=source, target=target, location=place)
        elif old is not None:
            place = location_of(self.old, old.place())
            yield PartChange("relations", name, REMOVED, verb, source=source, target=target, location=place)

    def _accepted(self) -> Iterator[PartChange]:
        """Compare the acceptances of the files."""
        before, after = self._acceptances(self.old, True), self._acceptances(self.new, False)
        for (rule, at), (facts, place) in after.items():
            name = f"{rule} at {at}" if at else rule
            known = before.pop((rule, at), None)
            changes = changes_of(known[0] if known else {}, facts)
            if changes:
                location = location_of(self.new, place)
                yield PartChange("accept", name, CHANGED if known else ADDED, changes=changes, location=location)
        for (rule, at), (_, place) in before.items():
            location = location_of(self.old, place)
            yield PartChange("accept", f"{rule} at {at}" if at else rule, REMOVED, location=location)

    def _acceptances(
        self, architecture: Architecture, is_old: bool
    ) -> dict[tuple[str, str], tuple[dict[str, Fact], Place]]:
        found = {}
        for entry in architecture.accept:
            at = entry.at or ""
            if is_old:
                for (section, name), to in self.renames.items():
                    whole = f"{section}.{name}"
                    if at == whole or at.startswith((f"{whole}.", f"{whole}[")):
                        at = f"{section}.{to.name}{at[len(whole) :]}"
                        break
            stated = (("reason", entry.reason), ("until", entry.until), ("while", " ".join(entry.bound or ())))
            said = (*stated, *entry.extra)
            found[entry.rule, at] = ({key: Fact(text, text) for key, text in said if text}, entry.place)
        return found


def location_of(architecture: Architecture, place: Place) -> Location:
    """Return the lines of a place."""
    document, span = locate(architecture.origins, place, architecture.document)
    start, end = document.position(span.start), document.position(max(span.end, span.start + 1))
    return Location(document.name, start.line, start.column, end.line, end.column)


def _in_turn(component: Component) -> Iterator[Relation]:
    return (relation for relation in component.relations if relation.waits)


def _caches(component: Component, now: Rename = unchanged) -> list[tuple[str, str]]:
    return [(r.verb, now("components", r.target)) for r in _in_turn(component) if r.hit_ratio and r.caches != "prefix"]


def _behind(
    order: list[tuple[str, str]], caches: Iterable[tuple[str, str]], both: set[tuple[str, str]]
) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return the relations that follow each cache, of those in both versions."""
    return {cache: set(order[order.index(cache) + 1 :]) & both for cache in caches if cache in both}


def _by_ends(
    architecture: Architecture, now: Rename = unchanged
) -> dict[tuple[str, str, str], list[Relation]]:
    """Return the relations by source, verb and target, under current names."""
    found: dict[tuple[str, str, str], list[Relation]] = {}
    for component in architecture.components.values():
        for relation in component.relations:
            ends = now("components", relation.source), relation.verb, now("components", relation.target)
            found.setdefault(ends, []).append(relation)
    return found


Facts = Callable[[Relation, bool], dict[str, Fact]]


def _paired(
    old: Iterable[Relation], new: Iterable[Relation], facts: Facts
) -> Iterator[tuple[Relation | None, Relation | None]]:
    """Pair relations with the same ends: those with the same facts first, then in their order."""
    left, rest = list(old), []
    for relation in new:
        said = facts(relation, False)
        same = next((one for one in left if not changes_of(facts(one, True), said)), None)
        if same is not None:
            left.remove(same)
            yield same, relation
        else:
            rest.append(relation)
    yield from zip_longest(left, rest)
