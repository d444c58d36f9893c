"""One picture of both versions, as Mermaid: added parts are green, removed ones red and dashed, changed ones amber."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from archlint.compare.difference import CHANGED, RENAMED, SystemDifference
from archlint.diagram.draft import FAMILIES
from archlint.diagram.mermaid import mermaid
from archlint.diagram.picture import WAITING, Edge, Node, Picture

MOST_NODES: Final = 60
"""A picture of more components shows only the changed ones and their neighbours."""
Relation = tuple[str, str, str]
"""Source, verb and target."""


class Both:
    """The graph of both versions. `hidden` components are not drawn; `cut` of these changed."""

    def __init__(self, difference: SystemDifference, most: int = MOST_NODES) -> None:
        self.states: dict[str, str] = {}
        self.was: dict[str, str] = {}
        lines: dict[Relation, str] = {}
        for part in difference.parts:
            if part.section == "components":
                self.states[part.name] = CHANGED if part.state == RENAMED else part.state
                self.was[part.name] = part.was
            elif part.section == "relations":
                relation = part.source, part.kind, part.target
                lines[relation] = CHANGED if relation in lines else part.state
        self.relations: dict[Relation, str] = dict.fromkeys(difference.edges, "") | lines
        self.kinds = dict(difference.kinds)
        for source, _, target in self.relations:   # a relation may name a component that does not exist
            self.kinds.setdefault(source, "")
            self.kinds.setdefault(target, "")
        shown = self._shown(most, lines)
        self.hidden = len(self.kinds) - len(shown)
        self.cut = len(self.states.keys() - shown)
        self.kinds = {name: kind for name, kind in self.kinds.items() if name in shown}
        self.relations = {r: state for r, state in self.relations.items() if r[0] in shown and r[2] in shown}

    def _shown(self, most: int, lines: Iterable[Relation]) -> set[str]:
        """Choose the components to draw: all of a small system; else the changed ones, then their neighbours."""
        if len(self.kinds) <= most:
            return set(self.kinds)
        near = dict.fromkeys([*self.states, *(name for line in lines for name in (line[0], line[2]))])
        chosen = dict.fromkeys(list(near)[:most])
        for source, _, target in self.relations:
            if len(chosen) >= most:
                break
            if source in near or target in near:
                chosen |= {source: None, target: None}
        return set(chosen)

    def picture(self) -> Picture:
        """Return a picture without a title: each part with its state, each line with its verb."""
        nodes = tuple(
            Node(name, kind, facts=self._facts(name), change=self.states.get(name, ""))
            for name, kind in self.kinds.items()
        )
        return Picture("", nodes, tuple(_edge(*relation, state) for relation, state in self.relations.items()))

    def _facts(self, name: str) -> tuple[str, ...]:
        was = self.was.get(name)
        return (f"was {was}",) if was else ()

    def text(self) -> str:
        """Return the picture as a Mermaid flowchart."""
        return mermaid(self.picture())


def _edge(source: str, verb: str, target: str, state: str) -> Edge:
    ends = (target, source) if verb == "consumes" else (source, target)
    return Edge(*ends, verb, FAMILIES.get(verb, WAITING), source, label=verb, change=state)
