"""The content of a picture as values: nodes, edges, clusters and marks. Every format is written from them."""

from __future__ import annotations

from typing import Final

import msgspec

WAITING: Final = "waiting"
MESSAGE: Final = "message"
DATA: Final = "data"
SCHEDULE: Final = "schedule"
OBSERVING: Final = "observing"

FAMILIES: Final = {
    WAITING: "caller waits",
    MESSAGE: "message through a queue",
    DATA: "data or model, nobody waits",
    SCHEDULE: "starts a job",
    OBSERVING: "copy, logs or metrics",
}
"""The families of relations, each with its own style, and their names in the legend."""

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
CHANGES: Final = (ADDED, REMOVED, CHANGED)
"""How a part differs from the other system in a comparison."""


class Mark(msgspec.Struct, frozen=True):
    """A finding on the part that it concerns.

    `at` is its structural path, `line` counts from 1, `loss` is the share that is lost by it, from 0 to 1.
    `fingerprint` identifies it in the report that it is from. Findings with one `group` are fixed by one decision.
    `callout` is the finding in a few words.
    """

    rule: str
    name: str
    severity: str
    message: str
    at: str
    file: str
    line: int
    loss: float = 0.0
    fingerprint: str = ""
    group: str = ""
    callout: str = ""


class Link(msgspec.Struct, frozen=True):
    """A relation that is written as a word on its source, because too many lines would lead to its target."""

    target: str
    family: str
    verb: str


class Role(msgspec.Struct, frozen=True):
    """The role of a component in a recognised pattern."""

    pattern: str
    role: str


class Node(msgspec.Struct, frozen=True):
    """A component, or several drawn as one if `members` is not empty.

    `name` is unique in a picture. `facts` are short lines below the name. `cluster` is the key of its cluster or empty.
    `sheet` holds its stated facts, as labels and texts; `source` is its first lines in the file. `emphasis` is 1 on the
    highlighted path, -1 beside it, 0 if nothing is highlighted. `change` is one of CHANGES or empty. `users` counts the
    components whose relations to a shared one are signs and words: it is drawn at the foot.
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
    users: int = 0

    @property
    def is_shared(self) -> bool:
        """Whether it is drawn at the foot of the picture."""
        return self.users > 0


class Edge(msgspec.Struct, frozen=True):
    """A relation from `source` to `target` (a message runs from its queue to its consumer), or `count` of them.

    `owner` is the component that states it: for `consumes`, the target. `at` is its structural path, empty if it is not
    stated by a verb. `label` is short; `detail` is complete; `sheet` holds the same facts as labels and texts.
    `file` and `line` are where it is stated; `line` is 0 for several relations.
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


class Budget(msgspec.Struct, frozen=True):
    """The least time of a workload's answer at a percentile, by its parts in seconds, and the objective.

    `unknown` counts the service times that are not known.
    """

    workload: str
    percentile: str
    objective_s: float
    parts: tuple[tuple[str, float], ...]
    unknown: int = 0


class Cluster(msgspec.Struct, frozen=True):
    """Nodes that are drawn inside one frame, which may be inside the frame of another cluster (`inside`)."""

    key: str
    title: str
    inside: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A whole picture.

    `marks` are findings of the file as a whole. `notes` are sentences: what is left out or highlighted. `patterns` are
    the titles of the shaded patterns, in the order of their shades. `badges` holds, by verb, the only target of that
    verb's relations, which are small signs on their sources. `sheet` holds the stated facts of the system as a whole.
    `budget` is that of the highlighted path, if its numbers are known.
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
    sheet: tuple[tuple[str, str], ...] = ()
    budget: Budget | None = None

    @property
    def all_marks(self) -> tuple[Mark, ...]:
        """Every finding in the picture: of the whole file, of nodes and of edges."""
        of_nodes = (mark for node in self.nodes for mark in node.marks)
        of_edges = (mark for edge in self.edges for mark in edge.marks)
        return (*self.marks, *of_nodes, *of_edges)


SEVERITIES: Final = ("error", "warning", "info")


def badness(mark: Mark) -> tuple[int, float]:
    """Return a sort key: by severity, then by loss, the worst first."""
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
