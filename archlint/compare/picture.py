"""One picture of both versions: what changed, with its numbers before and after, and what is one relation away.

Added parts are green, removed ones red and dashed, changed ones amber.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from archlint.analysis.system import System
from archlint.compare.difference import ADDED, CHANGED, REMOVED, RENAMED, PartChange, SystemDifference
from archlint.compare.facts import Change
from archlint.diagram.draft import draft, marks_by_part
from archlint.diagram.picture import Edge, Mark, Node, Picture
from archlint.model.places import Place
from archlint.verdicts import Finding

MOST_NODES: Final = 60
"""A picture shows no more components than these: first those that changed, then their neighbours."""
_MOST_FACTS: Final = 6
_MOST_LABELS: Final = 3
_UNIT: Final = re.compile(r"(-?[\d.,]+[kMGT]?) (\S.*)")
_FLOOR: Final = "least answer time at "
Relation = tuple[str, str, str]
"""The component that states it, the verb, and the other component."""


def picture_of(difference: SystemDifference, most: int = MOST_NODES) -> Picture:
    """Return the picture of a difference; it has no nodes if nothing that is drawn changed."""
    return _Both(difference).picture(most)


class _Both:
    """Both versions, under current names."""

    def __init__(self, difference: SystemDifference) -> None:
        self.difference = difference
        self.after = difference.after
        old = draft(difference.before, None) if difference.before is not None else Picture("", (), ())
        new = draft(difference.after, None) if difference.after is not None else Picture("", (), ())
        self.old = _renamed(old, difference.names)
        self.new = new
        self.states: dict[str, str] = {}
        self.lines: dict[Relation, list[PartChange]] = {}
        self.facts: dict[str, list[str]] = {}
        self.marks = _marks(difference.after, difference.found)
        self._read_parts()
        self._read_derived()
        self._read_findings()
        self.states |= {name: CHANGED for name in self.facts if name not in self.states}

    def _read_parts(self) -> None:
        for part in self.difference.parts:
            if part.section == "components":
                self.states[part.name] = CHANGED if part.state == RENAMED else part.state
                was = [f"was {part.was}"] if part.was else []
                changes = part.changes if part.state != ADDED else ()
                self.facts.setdefault(part.name, []).extend([*was, *map(numbers, changes)])
            elif part.section == "relations":
                self.lines.setdefault((part.source, part.kind, part.target), []).append(part)
            elif part.state in {CHANGED, RENAMED}:
                for name in self._hosts(part.section, part.name):
                    self.facts.setdefault(name, []).extend(f"{part.name}: {numbers(one)}" for one in part.changes)

    def _hosts(self, section: str, name: str) -> Iterable[str]:
        """Return the components on whose cards a workload or a model is shown."""
        if self.after is None:
            return ()
        if section == "models":
            return self.after.topology.servers.get(name, ())
        workload = self.after.workloads.get(name)
        return (workload.entrance.client,) if workload is not None else ()

    def _read_derived(self) -> None:
        for one in self.difference.derived:
            section, _, name = one.subject.partition(".")
            if section == "workloads" and one.fact.startswith(_FLOOR) and one.old and one.new:
                words = numbers(Change(f"{one.fact.removeprefix(_FLOOR)} at least", one.old, one.new))
                for host in self._hosts(section, name):
                    self.facts.setdefault(host, []).append(f"{name}: {words}")

    def _read_findings(self) -> None:
        """Note on the parts which findings are resolved."""
        resolved = _marks(self.difference.before, self.difference.healed)
        for node in self.old.nodes:
            gone = dict.fromkeys(mark.rule for mark in resolved.get(_at(self._was(node.name)), ()))
            if gone and self.states.get(node.name) != REMOVED:
                self.facts.setdefault(node.name, []).append(f"resolved: {', '.join(gone)}")

    def _was(self, name: str) -> str:
        """Return the old name of a component."""
        return next((old for old, now in self.difference.names.items() if now == name), name)

    def picture(self, most: int) -> Picture:
        """Return the picture, of at most so many components."""
        nodes = {node.name: node for node in (*self.new.nodes, *self.old.nodes)}        # the first place of a name,
        nodes |= {node.name: node for node in self.new.nodes}                           # and the newest node
        edges = list(self._edges())
        marked = {name for name in nodes if self.marks.get(_at(name))}
        ends = [name for edge in edges if edge.change or edge.marks for name in (edge.source, edge.target)]
        touched = dict.fromkeys([*self.states, *sorted(marked), *ends])
        near = [name for name in touched if name in nodes]
        chosen = dict.fromkeys(near[:most])
        for edge in edges:
            if len(chosen) >= most:
                break
            if edge.source in near or edge.target in near:
                chosen |= {edge.source: None, edge.target: None}
        shown = tuple(self._node(node) for name, node in nodes.items() if name in chosen)
        lines = tuple(
            edge for edge in edges
            if edge.source in chosen and edge.target in chosen and (edge.source in near or edge.target in near)
        )  # fmt: skip
        whole = tuple(self.marks.get("", ())) if shown else ()
        cut = len(near) - sum(name in chosen for name in near)
        return Picture(
            self.difference.system, shown, lines, marks=whole, notes=tuple(self._notes(len(nodes) - len(shown), cut))
        )

    def _notes(self, hidden: int, cut: int) -> Iterator[str]:
        states = [*self.states.values(), *(part.state for parts in self.lines.values() for part in parts)]
        counts = [f"{states.count(state):,} {state}" for state in (ADDED, REMOVED, CHANGED) if state in states]
        found, healed = len(self.difference.found), len(self.difference.healed)
        counts += [f"{found:,} new finding{'s' if found != 1 else ''}"] if found else []
        counts += [f"{healed:,} resolved"] if healed else []
        yield f"{', '.join(counts)}."
        if hidden:
            said = f"{hidden:,} component{'s' if hidden != 1 else ''}{f', of which {cut:,} changed' if cut else ''}"
            yield f"What changed, and what is one relation away. Left out: {said}."

    def _node(self, node: Node) -> Node:
        """Return a node with what changed; a part that did not change has no facts."""
        state = self.states.get(node.name, "")
        said = [*(node.facts if state == ADDED else ()), *self.facts.get(node.name, ())]
        if len(said) > _MOST_FACTS:
            said = [*said[: _MOST_FACTS - 1], f"{len(said) - _MOST_FACTS + 1} more"]
        models = node.models if state == ADDED else ()
        marks = tuple(self.marks.get(_at(node.name), ()))
        return replace(node, facts=tuple(said), models=models, replicas=None, change=state, marks=marks)

    def _edges(self) -> Iterator[Edge]:
        """Yield the relations of the new version, each once, and those of the old one that are gone."""
        drawn: set[Relation] = set()
        for edge in self.new.edges:
            if edge.stated in drawn:
                continue
            drawn.add(edge.stated)
            parts = self.lines.get(edge.stated, ())
            state = parts[0].state if len(parts) == 1 else CHANGED if parts else ""
            said = [numbers(change) for part in parts for change in part.changes]
            label = edge.label if state == ADDED else ", ".join(said[:_MOST_LABELS])
            yield replace(edge, label=label, change=state, marks=tuple(self.marks.get(edge.at, ())))
        for edge in self.old.edges:
            gone = any(part.state == REMOVED for part in self.lines.get(edge.stated, ()))
            if gone and edge.stated not in drawn:
                drawn.add(edge.stated)
                yield replace(edge, change=REMOVED)


def _renamed(picture: Picture, names: dict[str, str]) -> Picture:
    """Return the picture of the old version under current names."""
    def now(name: str) -> str:
        return names.get(name, name)

    nodes = tuple(replace(node, name=now(node.name)) for node in picture.nodes)
    edges = tuple(
        replace(edge, source=now(edge.source), target=now(edge.target), owner=now(edge.owner)) for edge in picture.edges
    )
    return replace(picture, nodes=nodes, edges=edges)


def _marks(system: System | None, findings: Iterable[Finding]) -> dict[str, list[Mark]]:
    """Return findings by the path of the part that they are drawn on: each on all of its places."""
    if system is None:
        return {}
    places = (
        replace(one, at=place.at, message=place.message, location=place.location, fingerprint=place.fingerprint)
        for one in findings for place in one.all_places
    )  # fmt: skip
    return marks_by_part(system, places)


def _at(name: str) -> str:
    return Place(("components", name), ()).at


def numbers(change: Change) -> str:
    """Return a changed fact in a few words: a unit that stays the same is written once.

    >>> numbers(Change("service_time.p99", "120 ms", "35 ms")), numbers(Change("replicas", "8", "10"))
    ('p99 120 → 35 ms', 'replicas 8 → 10')
    >>> numbers(Change("timeout", None, "1 s")), numbers(Change("retries", "2", None))
    ('+ timeout 1 s', '− retries 2')
    """
    name = re.sub(r"[._]", " ", change.fact.removeprefix("service_time."))
    if change.old is None or change.new is None:
        return f"{'+' if change.old is None else '−'} {name} {change.new or change.old or ''}".rstrip()
    before, after = _UNIT.fullmatch(change.old), _UNIT.fullmatch(change.new)
    if before is not None and after is not None and before[2] == after[2]:
        return f"{name} {before[1]} → {after[1]} {after[2]}"
    return f"{name} {change.old} → {change.new}"
