"""The picture of a page that a reader explores: its drawings, the paths of its workloads, and the data of its script.

A large system has several drawings: one of its groups, and one of each group. Text of the file is escaped, or is JSON
without `<`. `archlint.report.html` writes the page around it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Final

import msgspec
from msgspec.structs import replace

from archlint.analysis.system import System
from archlint.diagram.budget import HEIGHT, budget_elements
from archlint.diagram.draft import draft
from archlint.diagram.mermaid import mermaid
from archlint.diagram.path import with_path
from archlint.diagram.picture import FAMILIES, Edge, Mark, Node, Picture
from archlint.diagram.plan import Plan, zoomed
from archlint.diagram.purpose import README, WINDOW, Purpose
from archlint.diagram.svg import svg
from archlint.diagram.text import clean, drawable, xml
from archlint.diagram.themes import AUTO, LIGHT
from archlint.diagram.wording import demand
from archlint.verdicts import FileReport

_SEARCHED: Final = frozenset({"uses", "trains", "zones", "regions", "jurisdiction", "host", "owner", "workloads"})
"""The labels of a sheet whose texts are searched."""
_BAR: Final = 600.0
_MOST_ROUTES: Final = 60


class Drawing(msgspec.Struct, frozen=True):
    """One picture with its SVG for a wide window and for a narrow one; `key` is the group that it shows, or empty."""

    key: str
    picture: Picture
    wide: str
    tall: str


class Route(msgspec.Struct, frozen=True):
    """What a workload waits for: the least time at each component, the relations, and the budget as SVG."""

    workload: str
    asks: str
    note: str
    hops: dict[str, str]
    steps: tuple[tuple[str, str], ...]
    bar: str


class Live(msgspec.Struct, frozen=True):
    """A picture to explore.

    `data` is the JSON of the script. `workload` is the one whose path is shown first, or empty. `families` are those of
    its relations, and `severities` those of its findings.
    """

    picture: Picture
    drawings: tuple[Drawing, ...]
    routes: tuple[Route, ...]
    data: str
    workload: str
    families: tuple[str, ...]


class _Node(msgspec.Struct, frozen=True):
    name: str
    at: str
    own: bool
    description: str
    file: str
    line: int
    source: str
    sheet: tuple[tuple[str, str], ...]
    findings: tuple[int, ...]
    severities: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    members: tuple[str, ...]
    search: str


class _Edge(msgspec.Struct, frozen=True):
    source: int
    target: int
    at: str
    own: bool
    title: str
    detail: str
    many: bool
    file: str
    line: int
    sheet: tuple[tuple[str, str], ...]
    findings: tuple[int, ...]
    severities: tuple[str, ...]
    search: str


class _Drawing(msgspec.Struct, frozen=True):
    key: str
    nodes: tuple[_Node, ...]
    edges: tuple[_Edge, ...]
    mermaid: str


class _Route(msgspec.Struct, frozen=True):
    workload: str
    note: str
    hops: dict[str, str]
    steps: tuple[tuple[str, str], ...]


class _Data(msgspec.Struct, frozen=True):
    title: str
    drawings: tuple[_Drawing, ...]
    routes: tuple[_Route, ...]
    workload: str


def live(
    system: System, report: FileReport | None = None, plan: Plan | None = None, theme: str = AUTO,
    direction: str = AUTO, for_window: bool = True,
) -> Live:  # fmt: skip
    """Return the picture of a system to explore; without a report, without findings.

    With `for_window`, there is a second layout for landscape windows. Raises `UsageError` for a workload or a component
    that the system does not have, and `ArchlintError` if no layout engine is installed.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {ask: {from: page, rate: 1/s, waits: true}}
    ... components: {page: {kind: client, calls: [{to: api, timeout: 1s}]}, api: {kind: service, replicas: 2}}
    ... ''')
    >>> shown = live(system)
    >>> [drawing.key for drawing in shown.drawings], shown.routes[0].steps
    ([''], (('page', 'api'),))
    """
    plan = plan or Plan()
    pictures = {key: _unlit(picture) for key, picture in zoomed(system, report, plan).items()}
    drawings = tuple(_drawing(key, picture, direction, for_window) for key, picture in pictures.items())
    routes = tuple(_routes(system, draft(system, None)))
    numbers = _numbers(report)
    members = {node.name: frozenset(node.members) for node in pictures[""].nodes if node.members}
    data = _Data(
        clean(pictures[""].title),
        tuple(_drawing_data(one, members, numbers, LIGHT if theme == AUTO else theme) for one in drawings),
        tuple(_Route(one.workload, one.note, one.hops, one.steps) for one in routes),
        plan.path,
    )
    used = {edge.family for picture in pictures.values() for edge in picture.edges}
    used |= {link.family for picture in pictures.values() for node in picture.nodes for link in node.links}
    return Live(
        pictures[""], drawings, routes, _json(data), plan.path, tuple(family for family in FAMILIES if family in used)
    )


def part(name: str) -> str:
    """Return a script or a style sheet of the live picture: `camera.js`, `facts.js`, `live.js` or `live.css`."""
    return files("archlint.diagram").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _unlit(picture: Picture) -> Picture:
    """Return a picture without a highlighted path: the script highlights the chosen one."""
    return replace(
        picture,
        nodes=tuple(replace(node, emphasis=0, budget="") for node in picture.nodes),
        edges=tuple(replace(edge, emphasis=0) for edge in picture.edges),
        budget=None,
    )


def _drawing(key: str, picture: Picture, direction: str, for_window: bool) -> Drawing:
    def drawn(purpose: Purpose) -> str:
        return svg(picture, direction=direction, styled=False, interactive=True, purpose=purpose)

    if key:
        return Drawing(key, picture, "", drawn(replace(README, quick=True)))
    return Drawing(key, picture, drawn(WINDOW) if for_window else "", drawn(README))


def _routes(system: System, whole: Picture) -> Iterable[Route]:
    """Yield the path of each workload that waits for an answer."""
    for name, workload in list(system.workloads.items())[:_MOST_ROUTES]:
        lit = with_path(whole, system, name)
        hops = {node.name: node.budget for node in lit.nodes if node.emphasis > 0}
        steps = dict.fromkeys((edge.source, edge.target) for edge in lit.edges if edge.emphasis > 0)
        if steps:
            bar = "".join(budget_elements(lit.budget, _BAR)) if lit.budget is not None else ""
            size = f'viewBox="0 0 {_BAR:.0f} {HEIGHT:.0f}"'
            kind = 'class="archlint-picture" role="img"'
            title = xml(f"Budget of {name}")
            drawn = f'<svg xmlns="http://www.w3.org/2000/svg" {kind} {size} aria-label="{title}">{bar}</svg>'
            yield Route(name, clean(demand(workload)), lit.notes[-1], hops, tuple(steps), drawn if bar else "")


def _numbers(report: FileReport | None) -> Mapping[str, int]:
    """Return the number of each finding of a report, by the fingerprints of its places."""
    found = enumerate(report.grouped) if report is not None else ()
    return {place.fingerprint: number for number, finding in found for place in finding.all_places}


def _drawing_data(
    drawing: Drawing, members: Mapping[str, frozenset[str]], numbers: Mapping[str, int], theme: str
) -> _Drawing:
    """Return the data of a drawing. A component is its own if it is in no other drawing that shows more of it."""
    picture, group = drawing.picture, drawing.key
    own = members[group] if group else {node.name for node in picture.nodes} - set(members)
    indices = {node.name: index for index, node in enumerate(picture.nodes)}
    return _Drawing(
        group,
        tuple(_node(picture, node, node.name in own, numbers) for node in picture.nodes),
        tuple(_edge(edge, indices, edge.source in own, numbers) for edge in picture.edges),
        mermaid(picture, theme),
    )


def _json(data: _Data) -> str:
    """Return the data of the script. `<`, `>` and `&` are escaped, so nothing in it ends the element.

    Names of files may hold bytes that are no UTF-8, which msgspec refuses.
    """
    text = drawable(json.dumps(msgspec.to_builtins(data), ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _findings(marks: Iterable[Mark], numbers: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sorted({numbers[mark.fingerprint] for mark in marks if mark.fingerprint in numbers}))


def _severities(marks: Iterable[Mark]) -> tuple[str, ...]:
    return tuple(sorted({mark.severity for mark in marks}))


def _node(picture: Picture, node: Node, own: bool, numbers: Mapping[str, int]) -> _Node:
    stated = (f"{label} {text}" for label, text in node.sheet if label in _SEARCHED)
    named = (node.name, node.kind, node.technology, *node.models, *node.members)
    words = " ".join((*named, node.description, *stated, _rules(node.marks)))
    return _Node(
        node.name, f"groups.{node.name}" if node.members else f"components.{node.name}", own, node.description,
        node.file, node.line, node.source, node.sheet, _findings(node.marks, numbers), _severities(node.marks),
        tuple((picture.patterns.get(role.pattern, role.pattern), role.role) for role in node.roles),
        tuple((link.verb.replace("_", " "), link.target) for link in node.links), node.members, words.lower(),
    )  # fmt: skip


def _rules(marks: tuple[Mark, ...]) -> str:
    return " ".join(f"{mark.rule} {mark.name}" for mark in marks)


def _edge(edge: Edge, indices: dict[str, int], own: bool, numbers: Mapping[str, int]) -> _Edge:
    sheet = (("how", FAMILIES[edge.family]), *edge.sheet)
    return _Edge(
        indices[edge.source], indices[edge.target], edge.at if edge.count == 1 else "", own, _title(edge),
        edge.detail, edge.count > 1, edge.file, edge.line, sheet, _findings(edge.marks, numbers),
        _severities(edge.marks), _rules(edge.marks).lower(),
    )  # fmt: skip


def _title(edge: Edge) -> str:
    """Return the title of a relation, without its facts, which follow below."""
    if edge.count > 1:
        return f"{edge.source} → {edge.target} (×{edge.count})"
    owner, verb, other = edge.stated
    said = f"{owner} {verb.replace('_', ' ')} {other}"
    return said if edge.detail.startswith(said) else edge.detail
