"""Floors (lower bounds of times), and how they combine: in sequence, in parallel, one of several, for a share.

Every function bounds quantiles for any distributions: if `at_s` of each piece is at most the quantile of that piece,
then `at_s` of the result is at most the quantile of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from archlint.model.places import Place
from archlint.model.quantities import format_percentile, format_share
from archlint.verdicts import Certainty, Origin

_MAX_PARTS: Final = 24
_MAX_UNKNOWN: Final = 200
_ORDER: Final = {Certainty.PROVEN: 0, Certainty.ESTIMATED: 1, Certainty.HEURISTIC: 2}


class Part(msgspec.Struct, frozen=True):
    """One addend of a floor, in seconds, for `count` pieces together. `model` is set for the time of a prediction."""

    label: str
    value_s: float
    origin: Origin
    at: Place | None = None
    formula: str = ""
    model: str = ""
    server: str = ""
    certainty: Certainty = Certainty.PROVEN
    count: int = 1


class Floor(msgspec.Struct, frozen=True):
    """The floor of a piece of work: `least_s` for any request, `at_s` at the given percentile.

    `parts` add up to `at_s`, `least_parts` to `least_s`. `unknown` are the places of missing service times; each is 0
    in the floor.
    """

    least_s: float = 0.0
    at_s: float = 0.0
    parts: tuple[Part, ...] = ()
    least_parts: tuple[Part, ...] = ()
    unknown: tuple[Place, ...] = ()
    certainty: Certainty = Certainty.PROVEN


NOTHING: Final = Floor()


def fraction_behind(fraction: float, share: float) -> float:
    """Return the quantile of a share of the requests that bounds the given quantile of all of them from below.

    If a share s takes longer than t with probability q, all requests do with at least s x q: the p-quantile of all is
    at least the quantile 1 - (1 - p) / s of that share. 0 if that gives no bound.

    >>> fraction_behind(0.99, 0.5), fraction_behind(0.5, 0.4)
    (0.98, 0.0)
    """
    return max(0.0, round(1 - (1 - fraction) / share, 12)) if share > 0 else 0.0


def in_sequence(floors: Iterable[Floor], models_first: bool = False) -> Floor:
    """Return the floor of work in sequence: one piece at the percentile, the others at their least time.

    Percentiles do not add up, but a sum is at least one addend plus the least times of the others. With
    `models_first`, a prediction is the piece at the percentile, even if another piece would give more.

    >>> in_sequence([Floor(0.0, 0.5), Floor(0.1, 0.2)]).at_s
    0.6
    """
    pieces = [floor for floor in floors if floor is not NOTHING]
    if len(pieces) < 2:
        return pieces[0] if pieces else NOTHING
    least = sum([floor.least_s for floor in pieces])
    if models_first:
        top = _first([(_predicts(piece), _above_least(piece)) for piece in pieces], pieces)
    else:
        top = _first([(False, _above_least(piece)) for piece in pieces], pieces)
    parts: list[Part] = []
    least_parts: list[Part] = []
    for index, floor in enumerate(pieces):     # by index: the same floor may occur twice
        parts += floor.parts if index == top else floor.least_parts
        least_parts += floor.least_parts
    at_s = least + _above_least(pieces[top])
    return Floor(least, at_s, _few(parts), _few(least_parts), unknown_of(pieces), _weakest(parts))


def _first(keys: Sequence[tuple[bool, float]], floors: Sequence[Floor]) -> int:
    """Return the index of the greatest key; of equal ones, the floor whose parts come first by name.

    So the order in the file makes no difference.
    """
    greatest = max(keys)
    best = [index for index, key in enumerate(keys) if key == greatest]
    return best[0] if len(best) == 1 else min(best, key=lambda index: _names(floors[index]))


def _names(floor: Floor) -> list[tuple[str, str, str]]:
    return sorted((part.model, part.server, part.label) for part in floor.parts)


def _above_least(floor: Floor) -> float:
    return floor.at_s - floor.least_s


def side_by_side(floors: Sequence[Floor], models_first: bool = False) -> Floor:
    """Return the floor of parallel work that a caller waits for: the longest.

    >>> side_by_side([Floor(0.0, 0.5), Floor(0.1, 0.2)])
    Floor(least_s=0.1, at_s=0.5, parts=(), least_parts=(), unknown=(), certainty=<Certainty.PROVEN: 'proven'>)
    """
    slowest = floors[_first([(models_first and _predicts(floor), floor.at_s) for floor in floors], floors)]
    if models_first and _predicts(slowest):
        # A parallel branch cannot lower the bound: the answer takes at least as long as this one.
        return msgspec.structs.replace(slowest, unknown=unknown_of(floors))
    least = floors[_first([(False, floor.least_s) for floor in floors], floors)]
    if slowest.at_s < least.least_s:
        slowest = msgspec.structs.replace(least, at_s=least.least_s, parts=least.least_parts)
    return Floor(
        least.least_s, slowest.at_s, slowest.parts, least.least_parts, unknown_of(floors), slowest.certainty
    )


def one_of(floors: Sequence[Floor]) -> Floor:
    """Return the floor of an unknown one of several pieces of work: the shortest.

    A mixture is never faster than its fastest part at the same percentile. This is not a race for the first answer.
    The result is as certain as the least certain piece, because each could be the shortest.

    >>> one_of([Floor(0.0, 0.5), Floor(0.3, 0.4)]).least_s
    0.0
    """
    shortest = floors[_first([(False, -floor.at_s) for floor in floors], floors)]
    least = floors[_first([(False, -floor.least_s) for floor in floors], floors)]
    weakest = max((floor.certainty for floor in floors), key=_ORDER.__getitem__)
    parts = tuple(msgspec.structs.replace(part, certainty=weakest) for part in shortest.parts)
    return Floor(least.least_s, shortest.at_s, parts, least.least_parts, unknown_of(floors), weakest)


def taken_by(floor: Floor, share: float, inner: float, fraction: float) -> Floor:
    """Return the floor over all requests, of work that only a share of them needs.

    `floor` was computed at `inner`, which is `fraction_behind` of `fraction`.
    """
    if share >= 1:
        return floor
    come = format_share(share)
    note = f"overall {format_percentile(fraction)} >= {format_percentile(inner)} of the {come} of requests here"
    parts = tuple(
        msgspec.structs.replace(part, formula=f"{part.formula}; {note}" if part.formula else note)
        for part in floor.parts
    )
    return Floor(0.0, floor.at_s, parts, (), floor.unknown, floor.certainty)


def mixture(
    slow: Sequence[Floor], all_arms: Sequence[Floor], complete: bool, models_first: bool = False
) -> Floor:
    """Return the floor of branches of which each request takes one.

    `slow` are the branches as `taken_by` their shares: the slowest is a bound. If the branches are `complete`, every
    request takes one of them: then the fastest of `all_arms` at the percentile of all is a bound too.
    """
    floor = side_by_side(slow, models_first)
    if not complete:
        return floor
    quickest = one_of(all_arms)
    if quickest.at_s > floor.at_s and (not models_first or _predicts(quickest) or not _predicts(floor)):
        return quickest
    at_least = msgspec.structs.replace(floor, least_s=quickest.least_s, least_parts=quickest.least_parts)
    return at_least if floor.at_s >= quickest.least_s else quickest


def as_estimate(floor: Floor) -> Floor:
    """Return a floor that is no proof: something that the file does not state may make it lower."""
    if floor.certainty is not Certainty.PROVEN:
        return floor
    parts, least_parts = (
        tuple(msgspec.structs.replace(part, certainty=Certainty.ESTIMATED) for part in addends)
        for addends in (floor.parts, floor.least_parts)
    )
    return Floor(floor.least_s, floor.at_s, parts, least_parts, floor.unknown, Certainty.ESTIMATED)


def add_unknown(floor: Floor, at: Place) -> Floor:
    """Return a floor that a value would raise which the file does not state."""
    return msgspec.structs.replace(floor, unknown=(*floor.unknown, at))


def unknown_of(floors: Sequence[Floor]) -> tuple[Place, ...]:
    """Return the unknown places of several floors; only some if there are very many."""
    found = [floor.unknown for floor in floors if floor.unknown]
    if len(found) < 2:
        return found[0] if found else ()
    most = max(found, key=len)
    if len(most) >= _MAX_UNKNOWN:
        return most
    return tuple({place: None for places in found for place in places})[:_MAX_UNKNOWN]


def _predicts(floor: Floor) -> bool:
    return any(part.model for part in floor.parts)


def _few(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Keep the largest parts in their order, and join the rest into one."""
    if len(parts) <= _MAX_PARTS:
        return tuple(parts)
    single = [index for index, part in enumerate(parts) if part.count == 1]
    largest = sorted(single, key=lambda index: -parts[index].value_s)
    models = [index for index in largest if parts[index].model]
    kept = {*largest[: _MAX_PARTS - 2], *models[:1]}
    rest = [part for index, part in enumerate(parts) if index not in kept]
    value_s, count = sum(part.value_s for part in rest), sum(part.count for part in rest)
    label = f"{count} smaller parts"
    some = Part(label, value_s, Origin.DERIVED, certainty=_weakest(rest), count=count)
    return (*(parts[index] for index in sorted(kept)), some)


def _weakest(parts: Iterable[Part]) -> Certainty:
    weakest = Certainty.PROVEN
    for part in parts:
        if part.certainty is not weakest and part.value_s > 0 and _ORDER[part.certainty] > _ORDER[weakest]:
            weakest = part.certainty
    return weakest
