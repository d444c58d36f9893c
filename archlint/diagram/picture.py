"""What a picture shows, as values that every format is written from: nodes, edges, clusters and marks."""

from __future__ import annotations

from typing import Final

import msgspec

WAITING: Final = "waiting"
MESSAGE: Final = "message"
DATA: Final = "data"
SCHEDULE: Final = "schedule"
OBSERVING: Final = "observing"

FAMILIES: Final = {
    WAITING: "the caller waits",
    MESSAGE: "message through a queue",
    DATA: "data or a model, nobody waits",
    SCHEDULE: "starts a job",
    OBSERVING: "copy, log or metrics",
}
"""The families of relations, each drawn in a style of its own, and what the legend says of them."""

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
CHANGES: Final = (ADDED, REMOVED, CHANGED)
"""How a part differs from the system that it is compared with."""


class Mark(msgspec.Struct, frozen=True):
    """A finding on the part that it concerns.

    `at` is its structural path, `line` counts from 1, `loss` is the share that is lost by it, from 0 to 1.
    """

    rule: str
    name: str
    severity: str
    message: str
    at: str
    file: str
    line: int
    loss: float = 0.0


class Link(msgspec.Struct, frozen=True):
    """A relation that is written on its source as a word in place of a line, because too many lead to its target."""

    target: str
    family: str
    verb: str


class Role(msgspec.Struct, frozen=True):
    """What a component plays in a recognised pattern."""

    pattern: str
    role: str


class Node(msgspec.Struct, frozen=True):
    """A component, or (`members` not empty) several drawn as one.

    `name` is unique in a picture. `facts` are short lines below the name. `cluster` is the key of its cluster, empty
    for none. `sheet` holds what is stated of it, as label and text; `source` is
    what the file says of it, its first lines. `emphasis` is 1 on the highlighted path, -1 beside
    it, 0 where nothing is highlighted. `change` is one of CHANGES or empty.
    """

    name: str
    kind: str
    technology: str = ""
    models: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    replicas: float | None = None
    cluster: str = ""
    marks: tuple[Mark, ...] = ()
    roles: tuple[Role, ...] = ()
    links: tuple[Link, ...] = ()
    members: tuple[str, ...] = ()
    sheet: tuple[tuple[str, str], ...] = ()
    description: str = ""
    file: str = ""
    line: int = 0
    source: str = ""
    emphasis: int = 0
    budget: str = ""
    change: str = ""


class Edge(msgspec.Struct, frozen=True):
    """A relation, drawn from `source` to `target` (a message from its queue to its consumer), or `count` of them.

    `owner` is the component that states it, which for `consumes` is the target, and `at` the structural path where it
    does (empty for what is named by another key). `label` is short; `detail` says all, `sheet` the same of a single one
    as labels and texts. `file` and `line` are where it is stated, 0 of several.
    """

    source: str
    target: str
    verb: str
    family: str
    owner: str
    label: str = ""
    detail: str = ""
    at: str = ""
    count: int = 1
    optional: bool = False
    marks: tuple[Mark, ...] = ()
    emphasis: int = 0
    change: str = ""
    sheet: tuple[tuple[str, str], ...] = ()
    file: str = ""
    line: int = 0

    @property
    def stated(self) -> tuple[str, str, str]:
        """The component that states it, the verb, and the component at the other end."""
        return self.owner, self.verb, self.source if self.owner == self.target else self.target


class Cluster(msgspec.Struct, frozen=True):
    """Nodes drawn inside one frame."""

    key: str
    title: str


class Picture(msgspec.Struct, frozen=True):
    """A whole picture.

    `marks` are findings of the file as a whole; `notes` say what is left out or highlighted, a sentence each.
    `patterns` names the shaded ones by title, in the order of their shades. `badges` names, by verb, the one target
    of all relations of that verb which are shown as a small sign on their source.
    """

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    clusters: tuple[Cluster, ...] = ()
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    patterns: dict[str, str] = {}
    badges: dict[str, str] = {}
    description: str = ""

    @property
    def all_marks(self) -> tuple[Mark, ...]:
        """Every finding that is drawn: of the whole, of nodes, of edges."""
        of_nodes = (mark for node in self.nodes for mark in node.marks)
        of_edges = (mark for edge in self.edges for mark in edge.marks)
        return (*self.marks, *of_nodes, *of_edges)


SEVERITIES: Final = ("error", "warning", "info")


def badness(mark: Mark) -> tuple[int, float]:
    """Return the place of a finding among others: by severity, then by what is lost, the worst first."""
    return SEVERITIES.index(mark.severity), -mark.loss


def grouped_marks(marks: tuple[Mark, ...]) -> list[tuple[str, str, int]]:
    """Return rule, severity and count of the findings of each rule, the worst first.

    >>> mark = Mark("REL001", "single-point-of-failure", "error", "one replica", "components.api", "arch.yaml", 3)
    >>> grouped_marks((mark, mark))
    [('REL001', 'error', 2)]
    """
    counts: dict[tuple[str, str], int] = {}
    for mark in marks:
        counts[mark.rule, mark.severity] = counts.get((mark.rule, mark.severity), 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (SEVERITIES.index(item[0][1]), item[0][0]))
    return [(rule, severity, count) for (rule, severity), count in ranked]
