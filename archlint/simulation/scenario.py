"""What is simulated: centres that serve, and what one request of each workload passes, as a tree.

A scenario is plain data: it knows nothing of files. `archlint.simulation.reading` makes one from a system.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.steps import Steps
from archlint.simulation.laws import Law

POOLED: Final = "pooled"
RANDOM: Final = "random"
ROUND_ROBIN: Final = "round-robin"
LEAST_LOADED: Final = "least-loaded"
REJECTED: Final = 1.0
TIMED_OUT: Final = 2.0
UNFINISHED: Final = 3.0
"""Why a request is lost; 0 is a request that is not."""


FIRST_TOKEN: Final = "first token"
"""The name of the results that are first tokens: with a space, it is no name of a queue."""


class Batches(msgspec.Struct, frozen=True):
    """A worker takes up to `size` requests at once, and waits up to `wait_s` for them. A batch takes as long as one."""

    size: int
    wait_s: float


class Tokens(msgspec.Struct, frozen=True):
    """A replica makes a token of up to `most` answers in each step, which also reads the prompts of new ones."""

    steps: Steps
    most: float

    def capacity_s(self, prompt_s: float, tokens: float) -> float:
        """Return the time of a replica that an answer takes while as many as possible are in progress."""
        each_s = self.steps.time_s(self.most) / self.most if math.isfinite(self.most) else self.steps.each_s
        return prompt_s + tokens * each_s


class Outage(msgspec.Struct, frozen=True):
    """Replicas that start no work from `start_s` for `duration_s`; they finish what they have. None: all replicas."""

    start_s: float
    duration_s: float
    replicas: int | None = None

    @property
    def end_s(self) -> float:
        """When the replicas are back."""
        return self.start_s + self.duration_s


class Centre(msgspec.Struct, frozen=True):
    """A component that serves: `replicas` with `workers` each. `limit` is the most requests in it, waiting included.

    With infinitely many workers, nobody waits.
    """

    name: str
    workers: float = 1.0
    replicas: float = 1.0
    balancing: str = POOLED
    limit: float | None = None
    batches: Batches | None = None
    outage: Outage | None = None
    tokens: Tokens | None = None

    @property
    def servers(self) -> float:
        """The workers of all replicas."""
        return self.workers * self.replicas

    @property
    def pooled(self) -> bool:
        """Whether one queue feeds all workers."""
        return self.balancing == POOLED or self.replicas == 1

    @property
    def places(self) -> float:
        """How many requests are served at a time, batches included."""
        return self.servers * (self.batches.size if self.batches else 1)


class Work(msgspec.Struct, frozen=True):
    """A piece of a centre's work. `arms` are the choices that a request must have made for it to be needed.

    Each is the name of a choice, and the range of its uniform number: a prediction behind a cache needs a miss.
    """

    law: Law
    arms: tuple[tuple[str, float, float], ...] = ()


class Visit(msgspec.Struct, frozen=True):
    """A request comes to a centre, waits for a worker, is worked on, and passes `then`.

    With `held`, the worker is busy until `then` has ended too. With `tokens`, the work reads the prompt, and then so
    many tokens are made.
    """

    centre: str
    works: tuple[Work, ...] = ()
    then: Node | None = None
    held: bool = False
    tokens: Law | None = None


class Delay(msgspec.Struct, frozen=True):
    """Time that passes without a queue: on the network, or in a worker that is held anyway."""

    law: Law


class Sequence(msgspec.Struct, frozen=True):
    """One after another; a request that is lost in one passes no further."""

    nodes: tuple[Node, ...]


class Parallel(msgspec.Struct, frozen=True):
    """Side by side: it ends with the last, or with the first that is lost."""

    nodes: tuple[Node, ...]


class Choice(msgspec.Struct, frozen=True):
    """One of several, by its share; the rest of the requests passes none. Choices of one name are made together."""

    name: str
    branches: tuple[tuple[float, Node], ...]

    def ranges(self) -> tuple[tuple[float, float, Node], ...]:
        """Return the range of the uniform number in which each branch is taken, with the branch."""
        found, low = [], 0.0
        for share, node in self.branches:
            found.append((low, low + share, node))
            low += share
        return tuple(found)


class Attempts(msgspec.Struct, frozen=True):
    """A call: up to `1 + retries` attempts, each given up after `timeout_s`; the server still works on it.

    `wait_s` is the wait before the first retry; with `grows` it doubles each time, with `jitter` it is a random share
    of that. `budget` is the most retries, as a share of all calls. If all attempts are lost, `instead` is passed; with
    `optional`, the request does not need an answer.
    """

    node: Node
    timeout_s: float = math.inf
    retries: int = 0
    wait_s: float = 0.0
    grows: bool = False
    jitter: bool = False
    budget: float | None = None
    optional: bool = False
    instead: Node | None = None


class Later(msgspec.Struct, frozen=True):
    """What happens after the request has gone on: a message in the queue `name`, and what its consumer does."""

    name: str
    node: Node


Node = Visit | Delay | Sequence | Parallel | Choice | Attempts | Later


class Stream(msgspec.Struct, frozen=True):
    """The requests of a workload: Poisson arrivals at a rate, and what one of them passes."""

    name: str
    rate_per_s: float
    node: Node


class Scenario(msgspec.Struct, frozen=True):
    """Centres by name, and the streams of requests that share them.

    `lookups` are the choices that a look-up in each cache decides, by the cache; their first branch is a miss. `cold`
    is the time, from and until, in which requests take the first branch of a choice in any case.
    """

    centres: dict[str, Centre]
    streams: tuple[Stream, ...]
    lookups: dict[str, tuple[str, ...]] = {}
    cold: dict[str, tuple[float, float]] = {}

    @property
    def rate_per_s(self) -> float:
        """The requests of all streams per second."""
        return sum(stream.rate_per_s for stream in self.streams)


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly inside a node."""
    if isinstance(node, Sequence | Parallel):
        return node.nodes
    if isinstance(node, Choice):
        return tuple(branch for _, branch in node.branches)
    if isinstance(node, Attempts):
        return (node.node,) if node.instead is None else (node.node, node.instead)
    if isinstance(node, Later):
        return (node.node,)
    if isinstance(node, Visit) and node.then is not None:
        return (node.then,)
    return ()


def every(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes inside it."""
    found = [node]
    while found:
        one = found.pop()
        yield one
        found.extend(reversed(children(one)))


def awaited(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes inside it that the request waits for."""
    found = [node]
    while found:
        one = found.pop()
        yield one
        if not isinstance(one, Later):
            found.extend(reversed(children(one)))
