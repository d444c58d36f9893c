"""Runs the layout engine: Graphviz' `dot` places boxes of given sizes. It gets no text of the file.

The engine is the program of the wheel `graphviz-pure`, which writes the same bytes on every platform, otherwise the
system's `dot` (2.40 or later, for its output `json0`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Final

import msgspec

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.geometry import Point
from archlint.diagram.picture import OBSERVING, Cluster, Edge
from archlint.diagram.text import text_width
from archlint.errors import ArchlintError

_LONGEST_S: Final = 120
_POINTS: Final = 72.0


class Way(msgspec.Struct, frozen=True):
    """One way to lay out: `direction` is right or down.

    At most `abreast` targets of one node are side by side, if possible. With `through_frames`, ranks are those of the
    whole graph, otherwise of each frame.
    """

    direction: str
    abreast: int
    through_frames: bool = True


class Line(msgspec.Struct, frozen=True):
    """A line: control points of joined Bézier curves, the tip of its arrow, and the middle of its label.

    `own` is the part that it does not share with other lines, as a polyline; empty if it shares nothing. A `backwards`
    line shares its end, so its dashes are counted from there.
    """

    points: tuple[Point, ...]
    tip: Point | None
    label: Point | None
    own: tuple[Point, ...] = ()
    backwards: bool = False


class Frame(msgspec.Struct, frozen=True):
    """A cluster's frame: left, top, width, height, and how far from its left its title begins."""

    left: float
    top: float
    width: float
    height: float
    title: float = 10.0


class Band(msgspec.Struct, frozen=True):
    """A lane, or the strip at the foot: its title and its place."""

    title: str
    frame: Frame


class Layout(msgspec.Struct, frozen=True):
    """Positions in points from the top left corner: centres of nodes, lines of edges, frames of clusters, lanes."""

    width: float
    height: float
    nodes: tuple[Point, ...]
    edges: tuple[Line | None, ...]
    frames: tuple[Frame | None, ...]
    bands: tuple[Band, ...] = ()


class _Object(msgspec.Struct):
    name: str
    pos: str = ""
    bb: str = ""


class _Edge(msgspec.Struct):
    id: str
    pos: str = ""
    lp: str = ""


class _Output(msgspec.Struct):
    bb: str
    objects: list[_Object] = []
    edges: list[_Edge] = []


def laid_out(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], clusters: Sequence[Cluster],
    way: Way,
) -> Layout:  # fmt: skip
    """Return the layout of some cards and the edges between them.

    Raises `ArchlintError` if no layout engine is installed, or if it takes too long.
    """
    source = _source(cards, edges, labels, clusters, way)
    output = msgspec.json.decode(run_engine(source), type=_Output)
    return _read(output, len(cards), len(edges), len(clusters))


def engine() -> list[str]:
    """Return the command of the layout engine; raises `ArchlintError` if there is none."""
    name = "graphviz-pure" + (".exe" if os.name == "nt" else "")
    for folder in dict.fromkeys((sysconfig.get_path("scripts"), *_user_scripts())):
        if (Path(folder) / name).is_file():
            return [str(Path(folder) / name), "-Kdot"]
    for command in ("graphviz-pure", "dot"):
        found = shutil.which(command)
        if found and Path(found).is_absolute():    # never a program in the folder of the drawn file
            return [found, "-Kdot"]
    raise ArchlintError(
        "no layout engine is installed, so no picture can be drawn",
        "pip install graphviz-pure, or install Graphviz (graphviz.org); the formats mmd, d2 and dot need neither",
    )


def _user_scripts() -> list[str]:
    try:
        return [sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))]
    except KeyError:                               # this Python has no such scheme
        return []


def run_engine(source: str) -> bytes:
    """Return the layout of a graph as the engine's JSON."""
    command = [*engine(), "-Tjson0"]
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, timeout=_LONGEST_S, check=False,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        hint = "draw less: --collapse owner, or --focus NAME"
        raise ArchlintError(f"the layout takes longer than {_LONGEST_S} s", hint) from None
    except OSError as error:
        raise ArchlintError(f"{command[0]}: cannot be run: {error.strerror}", "pip install graphviz-pure") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ArchlintError(f"{command[0]}: {said[0] if said else 'failed'}", "pip install -U graphviz-pure")
    return done.stdout


def _source(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], clusters: Sequence[Cluster],
    way: Way,
) -> str:  # fmt: skip
    right = way.direction == "right"
    lines = [
        "digraph {",
        f"graph [rankdir={'LR' if right else 'TB'} nodesep={0.22 if right else 0.3} ranksep=0.42 "
        f"splines=spline newrank={str(way.through_frames).lower()} fontname=Helvetica]",
        'node [shape=box fixedsize=true label="" fontname=Helvetica]',
        "edge [arrowsize=0.7 fontname=Helvetica]",
    ]
    inside: dict[str, list[str]] = {}
    for number, card in enumerate(cards):
        size = f"width={card.width / _POINTS:.4f} height={card.height / _POINTS:.4f}"
        inside.setdefault(card.node.cluster, []).append(f"n{number} [{size}]")
    lines += [*_frames_source("", clusters, inside), *inside.get("", [])]
    number_of = {card.node.name: number for number, card in enumerate(cards)}
    steps = _steps_down(edges, way.abreast)
    for number, (edge, label) in enumerate(zip(edges, labels, strict=True)):
        lines.append(_edge_source(number, edge, label, number_of, steps.get(number, 1)))
    return "\n".join([*lines, "}"])


def _frames_source(around: str, clusters: Sequence[Cluster], inside: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the frames that are directly inside another one, or inside none, each with all that it holds."""
    for index, cluster in enumerate(clusters):
        if cluster.inside == around:
            width = text_width(cluster.title, 12, True) + 12
            yield f"subgraph cluster_{index} {{ graph [margin=12 labeljust=l label={_space(width, 16)}]"
            yield from inside.get(cluster.key, [])
            yield from _frames_source(cluster.key, clusters, inside)
            yield "}"


def _edge_source(number: int, edge: Edge, label: EdgeLabel | None, number_of: Mapping[str, int], ranks: int) -> str:
    attributes = [f"id=e{number}"]
    if ranks > 1:
        attributes.append(f"minlen={ranks}")
    if label is not None:
        attributes.append(f"label={_space(label.width, label.height)}")
    if edge.family == OBSERVING:
        attributes.append("weight=1")
    else:
        attributes.append("weight=6" if edge.emphasis > 0 else "weight=2")
    return f"n{number_of[edge.source]} -> n{number_of[edge.target]} [{' '.join(attributes)}]"


def _steps_down(edges: Sequence[Edge], abreast: int) -> dict[int, int]:
    """Return the ranks between the ends of edges: many targets of one node are in several rows.

    Targets without edges of their own are nearest, so that the lines of the others do not pass between them.
    """
    leaving: dict[str, list[int]] = {}
    for number, edge in enumerate(edges):
        leaving.setdefault(edge.source, []).append(number)
    steps: dict[int, int] = {}
    for numbers in leaving.values():
        ends = list(dict.fromkeys(edges[number].target for number in numbers))
        rows = ceil(len(ends) / abreast)
        if rows > 1:
            ends.sort(key=lambda end: end in leaving)
            row_of = {end: 1 + index * rows // len(ends) for index, end in enumerate(ends)}
            steps |= {number: row_of[edges[number].target] for number in numbers}
    return steps


def _space(width: float, height: float) -> str:
    """Return an empty label of a size."""
    size = f'fixedsize="true" width="{width:.0f}" height="{height:.0f}"'
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr><td {size}></td></tr></table>>'


def _read(output: _Output, nodes: int, edges: int, clusters: int) -> Layout:
    left, bottom, right, top = _numbers(output.bb)
    centres: list[Point] = [(0.0, 0.0)] * nodes
    frames: list[Frame | None] = [None] * clusters
    for item in output.objects:
        if item.name.startswith("n") and item.pos:
            x, y = _numbers(item.pos)
            centres[int(item.name[1:])] = (x - left, top - y)
        elif item.name.startswith("cluster_") and item.bb:
            x0, y0, x1, y1 = _numbers(item.bb)
            frames[int(item.name.removeprefix("cluster_"))] = Frame(x0 - left, top - y1, x1 - x0, y1 - y0)
    lines: list[Line | None] = [None] * edges
    for edge in output.edges:
        if edge.pos:
            lines[int(edge.id[1:])] = _line(edge, left, top)
    return Layout(right - left, top - bottom, tuple(centres), tuple(lines), tuple(frames))


def _line(edge: _Edge, left: float, top: float) -> Line:
    points: list[Point] = []
    tip: Point | None = None
    for word in edge.pos.split(";")[0].split():
        x, y = _numbers(word.removeprefix("e,").removeprefix("s,"))
        if word.startswith("e,"):
            tip = (x - left, top - y)
        elif not word.startswith("s,"):
            points.append((x - left, top - y))
    label = None
    if edge.lp:
        x, y = _numbers(edge.lp)
        label = (x - left, top - y)
    return Line(tuple(points), tip, label)


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split(",")]
