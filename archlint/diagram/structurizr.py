"""A picture as Structurizr DSL (https://docs.structurizr.com/dsl/language), a model in the terms of C4.

Clients and external components are software systems; the others are containers of the described one. Text of the file
is in double quotes, without the signs that would end them or start a substitution.
"""

from __future__ import annotations

from typing import Final

from archlint.diagram.identifiers import identifiers
from archlint.diagram.picture import Node, Picture
from archlint.diagram.rows import described, related
from archlint.diagram.text import clean, named
from archlint.diagram.themes import DARK, LIGHT, PALETTES, group_of
from archlint.model.words import STORES

_OUTSIDE: Final = frozenset({"client", "edge-device", "external"})
_RESERVED: Final = frozenset(
    (
        "animation autolayout component configuration container custom deployment description dynamic element "
        "exclude filtered group image include infrastructurenode model person properties relationship "
        "softwaresystem styles system system_ systemcontext systemlandscape tags technology theme themes this "
        "title url views workspace"
    ).split()
)


def structurizr(picture: Picture, theme: str = LIGHT) -> str:
    """Return a picture as a workspace in Structurizr DSL.

    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> [line.strip() for line in structurizr(picture).splitlines() if "->" in line or "container" in line][:2]
    ['api = container "api" "service" "" "service,work"', 'page -> api "calls (≤ 1 s)" "" "waiting"']
    """
    ids = identifiers((node.name for node in picture.nodes), _RESERVED)
    inner = [f"      {_element(node, ids, 'container')}" for node in picture.nodes if node.kind not in _OUTSIDE]
    outer = [f"    {_element(node, ids, 'softwareSystem')}" for node in picture.nodes if node.kind in _OUTSIDE]
    return "\n".join([
        f"workspace {quoted(picture.title)} {quoted(picture.description)} {{", "  !identifiers flat", "  model {",
        f"    system_ = softwareSystem {quoted(f'{named(picture.title)} (system)')} {{", *inner, "    }", *outer,
        *_relations(picture, ids), "  }", "  views {", "    container system_ \"all\" {", "      include *",
        "      autoLayout", "    }", *_styles(picture, theme), "  }", "}", "",
    ])  # fmt: skip


def quoted(words: str) -> str:
    """Return text in double quotes.

    >>> print(quoted('say "hi" ${x}'))
    "say 'hi' $(x}"
    """
    safe = clean(words).replace("\\", "/").replace('"', "'").replace("${", "$(")
    return f'"{safe}"'


def _element(node: Node, ids: dict[str, str], kind: str) -> str:
    technology = [quoted(node.technology)] if kind == "container" else []
    tags = ",".join((node.kind, group_of(node)))
    words = [kind, quoted(named(node.name)), quoted(described(node)), *technology, quoted(tags)]
    return f"{ids[node.name]} = {' '.join(words)}"


def _relations(picture: Picture, ids: dict[str, str]) -> list[str]:
    """Return the relations; the DSL allows each description once between two elements, and none to itself."""
    lines: dict[tuple[str, str, str], str] = {}
    for edge in picture.edges:
        if edge.source != edge.target:
            said = related(edge)
            line = f'    {ids[edge.source]} -> {ids[edge.target]} {quoted(said)} "" {quoted(edge.family)}'
            lines.setdefault((edge.source, edge.target, said.lower()), line)
    return list(lines.values())


def _styles(picture: Picture, theme: str) -> list[str]:
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    used = dict.fromkeys(group_of(node) for node in picture.nodes)
    lines = ["    styles {"]
    for group in used:
        fill, line = palette.cards[group]
        lines += [f"      element {quoted(group)} {{", f"        background {fill}", f"        stroke {line}",
                  f"        color {palette.ink}", "      }"]  # fmt: skip
    for kind in dict.fromkeys(node.kind for node in picture.nodes if node.kind in STORES):
        lines += [f"      element {quoted(kind)} {{", "        shape Cylinder", "      }"]
    return [*lines, "    }"]
