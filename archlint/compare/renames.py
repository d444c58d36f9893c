"""Recognise renamed parts between two versions of a system.

A part is recognised by its links to other parts: first to those that kept their names, then by its surroundings without
any names. If several parts fit equally well, their facts decide, then the similarity of their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from archlint.analysis.stated import facts_of
from archlint.compare.signatures import Part
from archlint.model.architecture import Architecture, Component, Model, Workload

Link = tuple[str, Part]
"""A link from a part: its word, and the other part."""
_LEAST: Final = 0.5
"""The least share of common links for two parts to be the same."""
_BUSY: Final = 50
"""If more renamed parts than this share a link, the link does not distinguish them."""
_ROUNDS: Final = 3
"""The distance up to which the surroundings of a part are compared, without names."""


class Renamed(msgspec.Struct, frozen=True):
    """The new name of a part; `evidence` says why it is the same part."""

    name: str
    evidence: str


def find_renames(old: Architecture, new: Architecture) -> dict[Part, Renamed]:
    """Return the new name of each renamed part.

    >>> import archlint
    >>> text = '''
    ... archlint: 1
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, reads: [db]}
    ...   db: {kind: database}
    ... '''
    >>> old, new = archlint.load(text), archlint.load(text.replace("api", "gateway"))
    >>> find_renames(old.architecture, new.architecture)
    {('components', 'api'): Renamed(name='gateway', evidence='service, 2 of 2 relations the same')}
    """
    search = _Search(_Side(old), _Side(new))
    if search.gone and search.come:
        while search.by_neighbours() or search.by_surroundings():
            pass
    return search.found


class _Side:
    """One version: the kind of each part, and its links to others."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.kinds: dict[Part, str] = {}
        self.links: dict[Part, list[Link]] = {}
        for name, component in architecture.components.items():
            self.kinds["components", name] = component.kind
        for section, named in (("models", architecture.models), ("workloads", architecture.workloads)):
            self.kinds |= {(section, name): section.removesuffix("s") for name in named}
        for part in self.kinds:
            self.links[part] = []
        for one, word, other in _links(architecture):
            if one in self.links and other in self.links:
                self.links[one].append((word, other))
                self.links[other].append((f"is {word}", one))

    def colours(self) -> dict[Part, int]:
        """Return a number for each part; it is the same for parts with the same surroundings, without names."""
        colours = {part: hash(kind) for part, kind in self.kinds.items()}
        for _ in range(_ROUNDS):
            colours = {
                part: hash((colours[part], tuple(sorted((word, colours[other]) for word, other in self.links[part]))))
                for part in colours
            }  # fmt: skip
        return colours

    def facts(self, part: Part) -> dict[str, str]:
        return {key: fact.text for key, fact in facts_of(record_of(self.architecture, part)).items()}


def record_of(architecture: Architecture, part: Part) -> Component | Model | Workload:
    """Return the record of a part."""
    section, name = part
    if section == "components":
        return architecture.components[name]
    return architecture.models[name] if section == "models" else architecture.workloads[name]


def _links(architecture: Architecture) -> Iterator[tuple[Part, str, Part]]:
    for name, component in architecture.components.items():
        part = ("components", name)
        for relation in component.relations:
            yield part, relation.verb, ("components", relation.target)
        for model in component.serves:
            yield part, "serves", ("models", model)
        for model in component.trains:
            yield part, "trains", ("models", model)
        for other in filter(None, (component.dead_letter, component.features, *component.callback)):
            yield part, "names", ("components", other)
    for name, model_ in architecture.models.items():
        if model_.registry is not None:
            yield ("models", name), "comes from", ("components", model_.registry)
    for name, workload in architecture.workloads.items():
        part = ("workloads", name)
        yield part, "from", ("components", workload.entrance.client)
        for model in workload.models or ():
            yield part, "runs", ("models", model)


class _Search:
    """The parts that are gone, those that were added, and the renames between them."""

    def __init__(self, old: _Side, new: _Side) -> None:
        self.old = old
        self.new = new
        self.gone = {part: None for part in old.kinds if part not in new.kinds}
        self.come = {part: None for part in new.kinds if part not in old.kinds}
        self.found: dict[Part, Renamed] = {}
        self.now: dict[Part, Part] = {}

    def by_neighbours(self) -> bool:
        """Join the parts with the most links in common; return whether there were any."""
        scores = self._scores()
        best_new = _best((a, b, score) for (a, b), score in scores.items())
        best_old = _best((b, a, score) for (a, b), score in scores.items())
        pairs = [(a, b) for a, b in best_new.items() if b is not None and best_old.get(b) == a]
        for a, b in pairs:
            both = scores[a, b]
            most = max(len(self.old.links[a]), len(self.new.links[b]))
            what = "relation" if most == 1 else "relations"
            self._join(a, b, f"{self.old.kinds[a]}, {both.common} of {most} {what} the same")
        return bool(pairs)

    def _scores(self) -> dict[tuple[Part, Part], _Score]:
        """Compare the parts that have a link in common."""
        holders: dict[Link, list[Part]] = {}
        links = {a: Counter((word, self.now.get(other, other)) for word, other in self.old.links[a]) for a in self.gone}
        for a, own in links.items():
            for link in own:
                holders.setdefault(link, []).append(a)
        scores: dict[tuple[Part, Part], _Score] = {}
        for b in self.come:
            own = Counter(self.new.links[b])
            near = {a for link in own for a in _few(holders.get(link, ()))}
            for a in near:
                if self.old.kinds[a] == self.new.kinds[b] and a[0] == b[0]:
                    common = sum((links[a] & own).values())
                    share = 2 * common / (links[a].total() + own.total())
                    if share >= _LEAST:
                        scores[a, b] = _Score(share, self._alike(a, b), common)
        return scores

    def _alike(self, a: Part, b: Part) -> float:
        """Return the share of equal facts of two parts."""
        one, other = self.old.facts(a), self.new.facts(b)
        return sum(other.get(key) == text for key, text in one.items()) / max(1, len(one.keys() | other.keys()))

    def by_surroundings(self) -> bool:
        """Join parts with the same surroundings if as many are gone as were added; return whether there were any.

        A part without links is joined only with one that has exactly the same facts.
        """
        old, new = self.old.colours(), self.new.colours()
        groups: dict[tuple[str, int], tuple[list[Part], list[Part]]] = {}
        for side, parts, colours in ((0, self.gone, old), (1, self.come, new)):
            for part in parts:
                groups.setdefault((part[0], colours[part]), ([], []))[side].append(part)
        joined = False
        for gone, come in groups.values():
            if len(gone) != len(come):
                continue
            for a, b in self._paired(gone, come):
                if self.old.links[a] or self._alike(a, b) == 1.0:
                    count = "the only one" if len(gone) == 1 else f"one of {len(gone)}"
                    self._join(a, b, f"{self.old.kinds[a]}, {count} with such neighbours")
                    joined = True
        return joined

    def _paired(self, gone: list[Part], come: list[Part]) -> Iterator[tuple[Part, Part]]:
        """Pair parts that differ only in their names; if there are many, in the order of the file."""
        if not 1 < len(gone) <= _BUSY:
            yield from zip(gone, come, strict=True)
            return
        from difflib import SequenceMatcher

        order = sorted(
            ((-self._alike(a, b), -SequenceMatcher(None, a[1], b[1]).ratio(), i, j)
             for i, a in enumerate(gone) for j, b in enumerate(come)),
        )  # fmt: skip
        used_old: set[int] = set()
        used_new: set[int] = set()
        for _, _, i, j in order:
            if i not in used_old and j not in used_new:
                used_old.add(i)
                used_new.add(j)
                yield gone[i], come[j]

    def _join(self, a: Part, b: Part, evidence: str) -> None:
        self.found[a] = Renamed(b[1], evidence)
        self.now[a] = b
        del self.gone[a], self.come[b]


class _Score(msgspec.Struct, frozen=True, order=True):
    """What two parts have in common: the share of links, the share of facts, and the number of links."""

    links: float
    facts: float
    common: int


def _few(parts: Iterable[Part]) -> list[Part]:
    found = list(parts)
    return found if len(found) <= _BUSY else []


def _best(scored: Iterable[tuple[Part, Part, _Score]]) -> Mapping[Part, Part | None]:
    """Return for each part the one with the highest score, or None if two have the same score."""
    best: dict[Part, tuple[_Score, Part | None]] = {}
    for one, other, score in scored:
        known = best.get(one)
        if known is None or score > known[0]:
            best[one] = score, other
        elif score == known[0]:
            best[one] = score, None
    return {one: other for one, (_, other) in best.items()}
