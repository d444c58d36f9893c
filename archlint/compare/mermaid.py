"""A picture of both versions in one, as Mermaid: what has come is green, what is gone red and dashed, changed amber."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from archlint.compare.difference import ADDED, CHANGED, REMOVED, RENAMED, SystemDifference

MOST_NODES: Final = 60
"""A picture of more components shows only what changed, and what has to do with it."""
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "client": ("([", "])"), "external": ("([", "])"), "edge-device": ("([", "])"), "queue": ("[[", "]]"),
    "cache": ("[(", ")]"), "database": ("[(", ")]"), "warehouse": ("[(", ")]"), "object-store": ("[(", ")]"),
    "feature-store": ("[(", ")]"), "model-registry": ("[(", ")]"), "log-store": ("[(", ")]"),
}  # fmt: skip
_CLASSES: Final = (
    (ADDED, "fill:#d9f2dd,stroke:#1a7f37,color:#0b3d1a,stroke-width:2px"),
    (REMOVED, "fill:#fde2e1,stroke:#cf222e,color:#6e0b12,stroke-dasharray:5 4"),
    (CHANGED, "fill:#fff1cc,stroke:#9a6700,color:#4d3300,stroke-width:2px"),
)
_LINES: Final[Mapping[str, str]] = {
    ADDED: "stroke:#1a7f37,stroke-width:2px,color:#1a7f37",
    REMOVED: "stroke:#cf222e,stroke-dasharray:5 4,color:#cf222e",
    CHANGED: "stroke:#9a6700,stroke-width:2px,color:#9a6700",
}
Edge = tuple[str, str, str]


class Picture:
    """The graph of both versions. `hidden` counts the components that are not drawn."""

    def __init__(self, difference: SystemDifference, most: int = MOST_NODES) -> None:
        self.states: dict[str, str] = {}
        self.was: dict[str, str] = {}
        lines: dict[Edge, str] = {}
        for part in difference.parts:
            if part.section == "components":
                self.states[part.name] = CHANGED if part.state == RENAMED else part.state
                self.was[part.name] = part.was
            elif part.section == "relations":
                edge = part.source, part.kind, part.target
                lines[edge] = CHANGED if edge in lines else part.state
        self.edges: dict[Edge, str] = dict.fromkeys(difference.edges, "") | lines
        self.kinds = dict(difference.kinds)
        for source, _, target in self.edges:       # what a relation names that nothing has
            self.kinds.setdefault(source, "")
            self.kinds.setdefault(target, "")
        shown = self._shown(most, lines)
        self.hidden = len(self.kinds) - len(shown)
        self.kinds = {name: kind for name, kind in self.kinds.items() if name in shown}
        self.edges = {edge: state for edge, state in self.edges.items() if edge[0] in shown and edge[2] in shown}

    def _shown(self, most: int, lines: Iterable[Edge]) -> set[str]:
        """Choose what is drawn: all of a small system; of a large one what changed, then what is beside it."""
        if len(self.kinds) <= most:
            return set(self.kinds)
        near = dict.fromkeys([*self.states, *(name for edge in lines for name in (edge[0], edge[2]))])
        chosen = dict.fromkeys(list(near)[:most])
        for source, _, target in self.edges:
            if len(chosen) >= most:
                break
            if source in near or target in near:
                chosen |= {source: None, target: None}
        return set(chosen)

    def text(self) -> str:
        """Return the picture as a Mermaid flowchart."""
        numbers = {name: f"n{index}" for index, name in enumerate(self.kinds)}
        rows = ["flowchart LR"]
        for name, kind in self.kinds.items():
            opening, closing = _SHAPES.get(kind, ("[", "]"))
            was = f"<br/>was {escaped(self.was[name])}" if self.was.get(name) else ""
            label = f"{escaped(name)}<br/><small>{escaped(kind)}</small>{was}" if kind else escaped(name)
            state = f":::{self.states[name]}" if name in self.states else ""
            rows.append(f'  {numbers[name]}{opening}"{label}"{closing}{state}')
        for (source, verb, target), state in self.edges.items():
            arrow = "-.->" if state == REMOVED else "-->"
            rows.append(f'  {numbers[source]} {arrow}|"{escaped(verb)}"| {numbers[target]}')
        for state, style in _LINES.items():
            those = [str(index) for index, one in enumerate(self.edges.values()) if one == state]
            if those:
                rows.append(f"  linkStyle {','.join(those)} {style}")
        rows += [f"  classDef {state} {style}" for state, style in _CLASSES]
        return "\n".join(rows) + "\n"


def escaped(text: str) -> str:
    """Write a text so that Mermaid, and the page around it, only show it.

    >>> escaped('a "b" <c> #1 `')
    'a #34;b#34; #60;c#62; #35;1 #96;'
    """
    return "".join(
        char if char.isalnum() or char in " -_./:,()+=" else f"#{ord(char)};" if char.isprintable() else " "
        for char in text
    )
