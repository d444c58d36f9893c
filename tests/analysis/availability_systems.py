"""Random systems whose availability is computed a second time, by trying every state of every component."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import archlint
from archlint.analysis.system import System

NEEDED, OPTIONAL, EITHER, FALLBACK, SHARE = "needed", "optional", "either", "fallback", "share"


@dataclass
class Edge:
    """A call: `other` is the second way of an `either`, a fallback, or the other branch of a `share`."""

    role: str
    target: int
    other: int = -1
    share: float = 0.0


@dataclass
class Drawing:
    """Components by number, each with its availability and its calls; the client calls number 0."""

    up: list[float]
    edges: list[list[Edge]] = field(default_factory=list)

    def text(self, order: list[int] | None = None) -> str:
        """Return the file of the system, with its components in some order."""
        parts = [_component(self, number) for number in order or range(len(self.up))]
        head = "archlint: 1\nworkloads: {w: {from: page, waits: true, slo: {availability: 99.9%}}}\ncomponents:\n"
        return head + "  page: {kind: client, calls: [c0]}\n" + "\n".join(parts)

    def system(self) -> System:
        """Return the system."""
        return archlint.load(self.text())

    def tried(self) -> float:
        """Return the share of requests that succeed, summed over all states and all branches."""
        count = len(self.up)
        states = 1 << count
        everything = (1 << states) - 1
        own = [_column(number, states) for number in range(count)]
        weights = [1.0]
        for chance in self.up:
            weights = [w * (1 - chance) for w in weights] + [w * chance for w in weights]
        groups = [(n, e) for n, edges in enumerate(self.edges) for e in edges if e.role == SHARE]
        total = 0.0
        for choice in range(1 << len(groups)):
            taken, weight = {}, 1.0
            for position, (_, edge) in enumerate(groups):
                first = bool(choice >> position & 1)
                taken[id(edge)] = edge.target if first else edge.other
                weight *= edge.share if first else 1 - edge.share
            answered = self._up(own, everything, taken)
            total += weight * sum(w for state, w in enumerate(weights) if answered >> state & 1)
        return total

    def _up(self, own: list[int], everything: int, taken: dict[int, int]) -> int:
        """Return the states in which component 0 is up, one bit for each: down only what has a reason to be."""
        up = [everything] * len(own)
        while True:
            after = list(own)
            for number, edges in enumerate(self.edges):
                for edge in edges:
                    if edge.role == NEEDED:
                        after[number] &= up[edge.target]
                    elif edge.role in {EITHER, FALLBACK}:
                        after[number] &= up[edge.target] | up[edge.other]
                    elif edge.role == SHARE:
                        after[number] &= up[taken[id(edge)]]
            if after == up:
                return up[0]
            up = after


def _column(number: int, states: int) -> int:
    """Return the states in which a component is up: runs of 2^number bits, every second one."""
    run = 1 << number
    block = ((1 << run) - 1) << run
    width = 2 * run
    while width < states:
        block |= block << width
        width *= 2
    return block


def _component(drawing: Drawing, number: int) -> str:
    calls = []
    for position, edge in enumerate(drawing.edges[number]):
        if edge.role == NEEDED:
            calls.append(f"c{edge.target}")
        elif edge.role == OPTIONAL:
            calls.append(f"{{to: c{edge.target}, optional: true}}")
        elif edge.role == FALLBACK:
            calls.append(f"{{to: c{edge.target}, fallback: c{edge.other}}}")
        elif edge.role == EITHER:
            calls += [f"{{to: c{target}, either: g{position}}}" for target in (edge.target, edge.other)]
        else:
            shares = ((edge.target, edge.share), (edge.other, 1 - edge.share))
            calls += [f"{{to: c{target}, share: {share!r}, parallel: s{position}}}" for target, share in shares]
    up = f"{drawing.up[number] * 100!r}%"
    return f"  c{number}: {{kind: service, replicas: 1, availability: {up}, calls: [{', '.join(calls)}]}}"


def drawn(rng: random.Random, count: int, cycles: bool = False, shares: int = 2) -> Drawing:
    """Draw a system: each component calls later ones, or (with `cycles`) any other ones."""
    drawing = Drawing([rng.choice((0.0, 0.5, 0.9, 0.99, 1.0, round(rng.random(), 3))) for _ in range(count)])
    for number in range(count):
        edges: list[Edge] = []
        others = [n for n in range(count) if n != number and (cycles or n > number)]
        for _ in range(rng.randint(0, 3) if others else 0):
            role = rng.choice((NEEDED, NEEDED, OPTIONAL, EITHER, FALLBACK, SHARE))
            if role in {EITHER, FALLBACK, SHARE} and (len(others) < 2 or (role == SHARE and shares == 0)):
                role = NEEDED
            pair = rng.sample(others, 2) if len(others) > 1 else [others[0], -1]
            if any(pair[0] in {e.target, e.other} or pair[1] in {e.target, e.other} for e in edges):
                continue                       # one relation to a target for each caller
            shares -= role == SHARE
            edges.append(Edge(role, pair[0], pair[1], rng.choice((0.25, 0.5, 0.875))))
        drawing.edges.append(edges)
    return drawing
