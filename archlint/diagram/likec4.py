"""A picture as LikeC4 (https://likec4.dev/dsl/intro/): its kinds as the specification, a model, and one view.

Text of the file is in single quotes; `\\` and `'` are escaped.
"""

from __future__ import annotations

from typing import Final

from archlint.diagram.identifiers import identifiers
from archlint.diagram.picture import Edge, Node, Picture
from archlint.diagram.rows import described, related
from archlint.diagram.text import clean, named
from archlint.diagram.themes import ENTRY, MODEL, QUEUE, QUIET, STORE, WORK, group_of
from archlint.model.words import STORES

_COLOURS: Final = {
    ENTRY: "slate", MODEL: "indigo", WORK: "primary", STORE: "green", QUEUE: "amber", QUIET: "muted",
}  # fmt: skip
_RESERVED: Final = frozenset(
    (
        "activity and autolayout border browser bucket color component cylinder deployment description "
        "document dynamic element exclude extend extends false from global group head icon import include "
        "instance instanceof is it kind likec4lib line link metadata mobile model multiple navigateto node "
        "not notation notes of opacity or padding par parallel person predicate queue rank rectangle "
        "relationship same shape size source specification storage style summary tag tags tail target "
        "technology this title true view views where with"
    ).split()
)


def likec4(picture: Picture) -> str:
    """Return a picture as a LikeC4 model with a view.

    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> [line.strip() for line in likec4(picture).splitlines() if "->" in line]
    ["page -[waiting]-> api 'calls (≤ 1 s)'"]
    """
    ids = identifiers((node.name for node in picture.nodes), _RESERVED)
    kinds = {_kind(node): node for node in reversed(picture.nodes)}
    families = dict.fromkeys(edge.family for edge in picture.edges)
    return "\n".join([
        "specification {", *(line for kind, node in sorted(kinds.items()) for line in _specified(kind, node)),
        *(f"  relationship {family}" for family in families), "}", "", "model {",
        *(line for node in picture.nodes for line in _element(node, ids)),
        *(_relation(edge, ids) for edge in picture.edges if edge.source != edge.target), "}", "", "views {",
        "  view index {", f"    title {quoted(picture.title)}", "    include *", "  }", "}", "",
    ])  # fmt: skip


def quoted(words: str) -> str:
    r"""Return text in single quotes.

    >>> print(quoted("it's"))
    'it\'s'
    """
    safe = clean(words).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{safe}'"


def _kind(node: Node) -> str:
    return f"{node.kind.replace('-', '_')}_{group_of(node)}"


def _specified(kind: str, node: Node) -> list[str]:
    shape = "queue" if node.kind == "queue" else "storage" if node.kind in STORES else (
        "browser" if node.kind == "client" else "rectangle"
    )
    colour = _COLOURS[group_of(node)]
    return [f"  element {kind} {{", "    style {", f"      shape {shape}", f"      color {colour}", "    }", "  }"]


def _element(node: Node, ids: dict[str, str]) -> list[str]:
    technology = [f"    technology {quoted(node.technology)}"] if node.technology else []
    lines = [f"  {ids[node.name]} = {_kind(node)} {quoted(named(node.name))} {{", *technology]
    return [*lines, f"    description {quoted(described(node))}", "  }"]


def _relation(edge: Edge, ids: dict[str, str]) -> str:
    return f"  {ids[edge.source]} -[{edge.family}]-> {ids[edge.target]} {quoted(related(edge))}"
