"""A computed number, with what it rests on: a bound that nothing can beat, or an estimate with its band."""

from __future__ import annotations

import msgspec

from archlint.model.places import Place
from archlint.verdicts import Certainty, Term


class Quantity(msgspec.Struct, frozen=True):
    """A number with its unit, the name of its formula, and the terms from which a reader computes it again.

    `name` is stable (`p99`, `utilisation`, `availability`). `unit` is one of `archlint.model.quantities.FORMATS`, or a
    currency. A proven quantity is exact or a bound, and `bound` says of which side: "least", "most" or "" (exact). An
    estimate has a band, `(low, high)` in the same unit, in which the true value lies for nine of ten systems.

    >>> import archlint
    >>> archlint.Quantity("utilisation", 0.8, "share", "rate x time / workers").proven
    True
    """

    name: str
    value: float
    unit: str
    formula: str
    terms: tuple[Term, ...] = ()
    certainty: Certainty = Certainty.PROVEN
    bound: str = ""
    band: tuple[float, float] | None = None

    @property
    def proven(self) -> bool:
        """Whether the number is exact or a bound."""
        return self.certainty is Certainty.PROVEN


class Missing(msgspec.Struct, frozen=True):
    """A number that cannot be computed: the keys that would decide it, most decisive first, or a reason."""

    name: str
    needs: tuple[Place, ...] = ()
    because: str = ""
