"""A workload that costs more than its budget, by the stated prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from archlint.analysis.cost import Cost, Costs, Item
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.standing import MONTH_S
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Workload
from archlint.model.digits import format_money
from archlint.model.places import Place
from archlint.model.quantities import Money, format_count
from archlint.verdicts import MOST_NEEDS, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

_MOST_NAMED: Final = 3
_MOST_SHOWN: Final = 8


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each workload whose cost is above its budget, at the budget."""
    asking = [workload for workload in system.workloads.values() if workload.budget is not None]
    if not asking:
        return
    costs, traffic = Costs(system), Traffic(system)
    for workload in asking:
        budget, cost = workload.budget, costs.of(workload)
        if budget is None:
            continue
        if isinstance(cost, Missing):
            if cost.needs:
                yield _undecided(workload, cost.needs)
            continue
        found = _over(cost, budget)
        if isinstance(found, Missing):
            yield _undecided(workload, found.needs)
        elif found is not None:
            yield _hit(workload, budget, cost, found, traffic)
        elif cost.needs:
            yield _undecided(workload, cost.needs)


def _undecided(workload: Workload, needs: Sequence[Place]) -> Undecided:
    shown, more = tuple(needs[:MOST_NEEDS]), max(0, len(needs) - MOST_NEEDS)
    return Undecided(workload.place("budget"), shown, f"whether `{workload.name}` stays within its budget", more)


def _over(cost: Cost, budget: Money) -> Quantity | Missing | None:
    """Return the cost that is above the budget: a certain one if there is one."""
    for certain in (True, False):
        found = cost.per_thousand(certain) if budget.per_count else cost.per_month(certain)
        if isinstance(found, Missing):
            return found
        if exceeds(found.value, _limit(budget)):
            return found
    return None


def _limit(budget: Money) -> float:
    """Return a budget for a month, or for 1,000 requests."""
    if budget.per_count:
        return budget.amount * 1000 / budget.per_count
    return budget.amount * MONTH_S / (budget.per_s or MONTH_S)


def _hit(workload: Workload, budget: Money, cost: Cost, found: Quantity, traffic: Traffic) -> Hit:
    items = [item for item in cost.items if item.certain or not found.proven]
    per = "for 1,000 requests" if budget.per_count else "a month"
    limit = _limit(budget)
    known = sorted(_amounts(items, workload, budget), key=lambda part: (-part[1], part[0]))
    named = ", ".join(f"`{name}` {format_money(amount, found.unit)}" for name, amount in known[:_MOST_NAMED])
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    at_least = "at least" if found.proven else "about"
    at = workload.place("budget")
    label, note = f"cost of {workload.name} {per}, {at_least}", found.formula
    return Hit(
        at,
        f"`{workload.name}` costs {at_least} {format_money(found.value, found.unit)} {per}, but its budget is "
        f"{format_money(limit, found.unit)}: {named}{more}{_times(workload, items)}",
        (
            *found.terms,
            Term("cost_of_all", label, found.value, found.unit, Origin.DERIVED, None, note),
            Term("budget", f"budget of {workload.name} {per}", limit, found.unit, Origin.STATED, at, limit=True),
        ),
        tuple(_prices(items)),
        found.certainty,
        cures=tuple(_cures(workload, items)),
        band=None if found.proven else _band(cost, budget, found),
        loss=traffic.share([workload]) * beyond(found.value, limit),
    )


def _amounts(items: Sequence[Item], workload: Workload, budget: Money) -> Iterator[tuple[str, float]]:
    """Yield what each component costs in the unit of the budget."""
    rate = workload.rate_per_s or 0.0
    known: dict[str, float] = {}
    for item in items:
        if budget.per_count:
            amount = 1000 * (item.each + (item.fixed / (rate * MONTH_S) if rate else 0.0))
        else:
            amount = item.per_month(rate)
        known[item.component.name] = known.get(item.component.name, 0.0) + amount
    yield from known.items()


def _band(cost: Cost, budget: Money, found: Quantity) -> tuple[float, float]:
    """Return the certain part of the cost, and all of the shared components' cost that may be its own."""
    least = cost.per_thousand(True) if budget.per_count else cost.per_month(True)
    low = least.value if isinstance(least, Quantity) else 0.0
    return low, found.value


def _times(workload: Workload, items: Sequence[Item]) -> str:
    """Say how many requests there are, if they cost money each."""
    if workload.rate_per_s is None or not any(item.each > 0 for item in items):
        return ""
    return f" ({format_count(workload.rate_per_s * MONTH_S)} requests a month)"


def _prices(items: Sequence[Item]) -> Iterator[Related]:
    """Yield the prices that the cost rests on, those of a component together."""
    components = {item.component.name: item.component for item in items}
    for name, component in list(components.items())[:_MOST_SHOWN]:
        terms = (term for item in items if item.component.name == name for term in item.terms if term.name == "price")
        said = dict.fromkeys(f"{term.value} per {term.label.partition(' per ')[2]}" for term in terms)
        yield Related(component.place("price"), f"price of `{name}`: {', '.join(said)}")


def _cures(workload: Workload, items: Sequence[Item]) -> Iterator[str]:
    """Yield the fixes that apply: what saves calls, and what saves replicas."""
    if any(item.each > 0 for item in items):
        yield "prediction-cache"
        yield "llm-gateway"
    if workload.inputs == "known":
        yield "batch"
    yield "smaller-model"
