"""Decision diagrams: Boolean functions of independent variables, with exact probabilities (Bryant 1986).

A node tests the variable of its level, and leads to one function if it is true and to another if it is false. Equal
functions are one node, so a probability takes one pass over the nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FALSE: Final = 0
TRUE: Final = 1
_LAST: Final = 1 << 30
"""The level of the constants, after all variables."""
MOST_LEVELS: Final = 250
"""The maximum number of variables; functions are combined by recursion, one call per level."""
MOST_STEPS: Final = 200_000
"""The maximum number of steps to combine functions in one diagram: about half a second."""


class TooLargeError(Exception):
    """The diagram has more nodes or variables than fit in the time that is allowed."""


class Diagram:
    """Functions that share their nodes. A function is the number of its node.

    >>> diagram = Diagram()
    >>> a, b, c = (diagram.variable(level) for level in range(3))
    >>> two_ways = diagram.either(diagram.both(a, b), diagram.both(a, c))
    >>> diagram.probability(two_ways, [0.9, 0.5, 0.5])
    0.675
    """

    def __init__(self, most_steps: int = MOST_STEPS) -> None:
        self._most = most_steps
        self._levels = [_LAST, _LAST]
        self._lows = [FALSE, TRUE]
        self._highs = [FALSE, TRUE]
        self._made: dict[tuple[int, int, int], int] = {}
        self._chosen: dict[tuple[int, int, int], int] = {}

    def variable(self, level: int) -> int:
        """Return the function that is true if the variable of a level is."""
        if level >= MOST_LEVELS:
            raise TooLargeError
        return self._node(level, FALSE, TRUE)

    def both(self, one: int, other: int) -> int:
        """Return the function that is true if both are."""
        if one in {TRUE, other}:
            return other
        return self.choice(one, other, FALSE) if other != TRUE else one

    def either(self, one: int, other: int) -> int:
        """Return the function that is true if one of them is."""
        if one in {FALSE, other}:
            return other
        return self.choice(one, TRUE, other)

    def choice(self, condition: int, then: int, otherwise: int) -> int:
        """Return the function that is `then` where the condition is true, and `otherwise` elsewhere."""
        if condition == TRUE or then == otherwise:
            return then
        if condition == FALSE:
            return otherwise
        if then == TRUE and otherwise == FALSE:
            return condition
        key = condition, then, otherwise
        known = self._chosen.get(key)
        if known is None:
            level = min(self._levels[condition], self._levels[then], self._levels[otherwise])
            (c0, c1), (t0, t1), (o0, o1) = (self._cofactors(f, level) for f in key)
            known = self._chosen[key] = self._node(level, self.choice(c0, t0, o0), self.choice(c1, t1, o1))
            if len(self._chosen) > self._most:
                raise TooLargeError
        return known

    def _cofactors(self, function: int, level: int) -> tuple[int, int]:
        if self._levels[function] != level:
            return function, function
        return self._lows[function], self._highs[function]

    def _node(self, level: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = level, low, high
        known = self._made.get(key)
        if known is None:
            known = self._made[key] = len(self._levels)
            self._levels.append(level)
            self._lows.append(low)
            self._highs.append(high)
        return known

    @property
    def steps(self) -> int:
        """How many steps were needed so far."""
        return len(self._chosen)

    def nodes(self, function: int) -> list[int]:
        """Return the nodes of a function, each after those that it leads to; the constants are left out."""
        found, stack = {function}, [function]
        while stack:
            node = stack.pop()
            for child in (self._lows[node], self._highs[node]):
                if child not in found:
                    found.add(child)
                    stack.append(child)
        return sorted(node for node in found if node > TRUE)      # a node is made after its children

    def variables(self, function: int) -> list[int]:
        """Return the levels of the variables that a function depends on."""
        return sorted({self._levels[node] for node in self.nodes(function)})

    def probability(self, function: int, chances: Sequence[float]) -> float:
        """Return the probability that a function is true, from the probability of each level's variable."""
        return self._values(function, self.nodes(function), chances)[function]

    def slopes(self, function: int, chances: Sequence[float]) -> tuple[float, list[float]]:
        """Return the probability, and for each level how fast it grows with the probability of the variable.

        This slope is the probability with the variable true, less that with the variable false (Birnbaum 1969).
        """
        nodes = self.nodes(function)
        values = self._values(function, nodes, chances)
        slopes = [0.0] * len(chances)
        weights = dict.fromkeys(nodes, 0.0)
        weights[function] = 1.0
        for node in reversed(nodes):
            level, low, high = self._levels[node], self._lows[node], self._highs[node]
            weight, chance = weights[node], chances[level]
            slopes[level] += weight * (values[high] - values[low])
            if low > TRUE:
                weights[low] += weight * (1 - chance)
            if high > TRUE:
                weights[high] += weight * chance
        return values[function], slopes

    def _values(self, function: int, nodes: Sequence[int], chances: Sequence[float]) -> dict[int, float]:
        values = {FALSE: 0.0, TRUE: 1.0}
        for node in nodes:
            chance = chances[self._levels[node]]
            values[node] = (1 - chance) * values[self._lows[node]] + chance * values[self._highs[node]]
        return values
