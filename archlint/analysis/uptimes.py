"""How long one replica is up, as far as the file states it; and how often enough of several replicas are up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term

_MANY: Final = 1_000_000
"""Above this number of replicas, the binomial distribution is replaced by the normal one."""
_FEW: Final = 500
_NEGLIGIBLE: Final = 1e-17


class Uptime(msgspec.Struct, frozen=True):
    """The share of time that one replica is up: about `value`, and at most `most`. `at` is the fact to change."""

    value: float
    most: float
    at: Place
    terms: tuple[Term, ...]


def uptime(system: System, component: Component) -> Uptime | None:
    """Return the share of time that one replica is up; None if the file does not state it.

    It is the stated `availability`, otherwise MTBF / (MTBF + MTTR). A replica that failed has to start again, so its
    repair takes as long as its start at least: a larger model makes each failure longer.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... components:
    ...   vendor: {kind: external, availability: 99.5%}
    ...   server: {kind: model-server, mtbf: 9h, mttr: 6min, start_time: 1h}
    ... ''')
    >>> uptime(system, system.components["vendor"]).value, uptime(system, system.components["server"]).value
    (0.995, 0.9)
    """
    name = component.name
    repaired = _repaired(system, component)
    if component.availability is None:
        return repaired
    at, stated = component.place("availability"), component.availability
    term = Term("availability", f"availability of {name}", stated, "share", Origin.STATED, at)
    return Uptime(stated, stated if repaired is None else max(stated, repaired.most), at, (term,))


def _repaired(system: System, component: Component) -> Uptime | None:
    """Return the share of time between failures and repairs."""
    name, between_s = component.name, component.mtbf_s
    if between_s is None:
        return None
    stated_s = component.mttr_s
    start = start_time(system, component)
    least_s = start.value_s if isinstance(start, StartTime) else 0.0
    proven_s = least_s if isinstance(start, StartTime) and start.certainty is Certainty.PROVEN else 0.0
    down_s, proven_s = max(stated_s or 0.0, least_s), max(stated_s or 0.0, proven_s)
    if between_s + proven_s <= 0 or (stated_s is None and down_s == 0):
        return None
    at = component.place("mtbf")
    terms = [Term("mtbf", f"time between failures of {name}", between_s, "s", Origin.STATED, at)]
    if stated_s is not None:
        terms.append(Term("mttr", f"repair of {name}", stated_s, "s", Origin.STATED, component.place("mttr")))
    if isinstance(start, StartTime) and least_s > (stated_s or 0.0):
        terms += start.terms
    value = between_s / (between_s + down_s)
    note = "MTBF / (MTBF + repair)" if down_s == stated_s else "MTBF / (MTBF + start)"
    label = f"availability of one replica of {name}"
    terms.append(Term("availability", label, value, "share", Origin.DERIVED, None, note))
    return Uptime(value, between_s / (between_s + proven_s), at, tuple(terms))


def uptime_keys(component: Component) -> tuple[Place, ...]:
    """Return the key that would state how long a replica is up."""
    if component.mtbf_s is not None:
        return (component.place("mttr"),)
    return (component.place("availability" if component.mttr_s is None else "mtbf"),)


def at_least(needed: int, replicas: int, up: float) -> float:
    """Return the probability that at least some number of replicas are up: the sum of C(n, i) A^i (1 - A)^(n - i).

    >>> at_least(2, 3, 0.5), at_least(1, 2, 0.9), round(at_least(4, 6, 0.999), 12)
    (0.5, 0.99, 0.999999980045)
    """
    if needed <= 0:
        return 1.0
    if needed > replicas:
        return 0.0
    if up >= 1 or up <= 0:
        return 1.0 if up >= 1 else 0.0
    if needed == 1:
        return -math.expm1(replicas * math.log1p(-up))
    if replicas > _MANY:
        mean, spread = replicas * up, math.sqrt(replicas * up * (1 - up))
        return 0.5 * math.erfc((needed - 0.5 - mean) / spread / math.sqrt(2))
    if needed > replicas * up:
        return min(1.0, sum(chance for _, chance in _chances(needed, replicas, up, 1)))
    return max(0.0, 1 - sum(chance for _, chance in _chances(needed - 1, replicas, up, -1)))


def _chances(start: int, replicas: int, up: float, step: int) -> Iterator[tuple[int, float]]:
    """Yield numbers of replicas away from the mean with the chance that as many are up, until it is negligible."""
    number, total, odds = start, 0.0, up / (1 - up)
    chance = _chance(start, replicas, up) if start <= replicas else 0.0
    while 0 <= number <= replicas and chance > total * _NEGLIGIBLE:
        yield number, chance
        total += chance
        chance *= (replicas - number) / (number + 1) * odds if step > 0 else number / (replicas - number + 1) / odds
        number += step


def _chance(number: int, replicas: int, up: float) -> float:
    if replicas <= _FEW:
        return math.comb(replicas, number) * up**number * (1 - up) ** (replicas - number)
    ways = math.lgamma(replicas + 1) - math.lgamma(number + 1) - math.lgamma(replicas - number + 1)
    return math.exp(ways + number * math.log(up) + (replicas - number) * math.log1p(-up))
