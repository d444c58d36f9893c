"""The numbers of each workload: its latency along the path, and the rate at which the first component breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.component_numbers import MOST_TERMS, Number, finite
from archlint.analysis.first_token import first_token_numbers
from archlint.analysis.generation import may_generate
from archlint.analysis.load_latency import Loaded, loaded, saturation
from archlint.analysis.promises import Contribution, Promises
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.queue_rates import arrivals, capacity
from archlint.analysis.result_time import NAME as RESULT_TIME
from archlint.analysis.result_time import result_time
from archlint.analysis.system import System
from archlint.analysis.token_load import TokenLoad, token_capacity, token_loads
from archlint.analysis.utilisation import Utilisation
from archlint.analysis.waterfalls import Waterfall, idle_waterfalls
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term

MOST_LOADED: Final = 100
"""Of more workloads at once, the latency under load is not computed: it takes up to a tenth of a second each."""
_TOO_MANY: Final = "there are many workloads: choose one with `--workload`"


class Breaking(msgspec.Struct, frozen=True):
    """The rate of a workload at which a component has no worker left, if the other workloads stay as they are.

    `factor` is that rate as a multiple of the stated one; None if no rate is stated.
    """

    component: str
    per_s: float
    factor: float | None
    terms: tuple[Term, ...]
    certainty: Certainty


class WorkloadNumbers(msgspec.Struct, frozen=True):
    """The numbers of one workload.

    `breaking` are the components on its way, the first that breaks first. `contributions` are what its availability
    loses to each part, the worst first.
    """

    name: str
    numbers: tuple[Quantity | Missing, ...]
    waterfalls: tuple[Waterfall, ...] = ()
    breaking: tuple[Breaking, ...] = ()
    contributions: tuple[Contribution, ...] = ()

    @property
    def subject(self) -> str:
        """Its structural path."""
        return Place(("workloads", self.name), ()).at

    def get(self, name: str) -> Quantity | Missing | None:
        """Return a number by its name; None if it does not apply."""
        return next((number for number in self.numbers if number.name == name), None)

    @property
    def gets_result_later(self) -> bool:
        """Whether the result comes from behind queues: percentiles such as `p99` end when the request is accepted."""
        return self.get(RESULT_TIME) is not None


def workload_numbers(
    system: System, workload: Workload, uses: dict[str, Utilisation], promises: Promises,
    occupied: dict[str, Quantity], under_load_too: bool = True,
) -> WorkloadNumbers:  # fmt: skip
    """Return the numbers of a workload; `uses` are the utilisations by component.

    How busy components are under load is kept in `occupied`, if it is more than another workload has found.
    """
    least = tuple(idle_waterfalls(system, workload))
    under_load = loaded(system, workload) if under_load_too else Loaded((Missing("p99", because=_TOO_MANY),))
    for name, busy in under_load.occupied.items():
        if name not in occupied or occupied[name].value < busy.value:
            occupied[name] = busy
    breaking = tuple(sorted(_breaking(system, workload, uses), key=lambda one: (one.per_s, one.component)))
    available, contributions = promises.availability(workload)
    firsts = tuple(first_token_numbers(system, workload)) if under_load_too else ()
    # Generated answers have a time of their own: that of the model, which these would ask for, is not needed.
    usual = (number for number in under_load.numbers if not firsts or isinstance(number, Quantity))
    numbers: list[Number] = [*(one if isinstance(one, Missing) else one.total for one in least), *firsts, *usual]
    numbers += (finite(one) if isinstance(one, Quantity) else one for one in result_time(system, workload))
    numbers += _breaks_at(system, workload, breaking)
    saturates = saturation(system, workload, breaking[0].per_s if breaking else None) if under_load_too else None
    numbers += () if saturates is None else (saturates,)
    numbers += (*available, *promises.costs(workload))
    waterfalls = under_load.waterfalls or tuple(one for one in least if isinstance(one, Waterfall))
    return WorkloadNumbers(workload.name, tuple(numbers), waterfalls, breaking, contributions)


def _breaking(system: System, workload: Workload, uses: dict[str, Utilisation]) -> Iterator[Breaking]:
    """Yield the rate at which each component on the way of a workload is full, beside the other workloads."""
    flow = system.flow(workload)
    generators = token_loads(system) if may_generate(system, workload) else {}
    for name in flow.components:
        use, made = uses.get(name), generators.get(name)
        if isinstance(made, TokenLoad):
            yield from _at_generator(workload, made)
        elif use is not None:
            found = _at_servers(workload, use)
            if found is not None:
                yield found
        elif system.components[name].kind == "queue" and system.topology.consumptions(name):
            yield from _at_queue(system, workload, name)


def _at_servers(workload: Workload, use: Utilisation) -> Breaking | None:
    slots = use.slots
    own = [demand for demand in use.demands if demand.workload is workload and demand.visits * demand.mean_s > 0]
    if slots.unbounded or slots.needs or slots.total == 0 or not own:
        return None
    each_s = sum(demand.visits * demand.mean_s for demand in own)
    others = sum(
        demand.load(demand.workload.rate_per_s or 0.0, certain=False).busy
        for demand in use.demands if demand.workload is not workload
    )  # fmt: skip
    per_s = max(0.0, slots.total - others) / each_s
    certain = all(demand.mean_s <= demand.least_s * (1 + 1e-12) for demand in use.demands)
    name = use.component.name
    terms = (
        Term("slots", f"requests that {name} handles at a time", slots.total, "count", Origin.DERIVED, None,
             "replicas x workers"),
        Term("others", "of these, busy with other workloads", others, "count", Origin.DERIVED, None, "rate x time"),
        Term("time", f"time there for one request of {workload.name}", each_s, "s", Origin.DERIVED, None,
             "visits x mean time"),
    )  # fmt: skip
    return Breaking(name, per_s, _factor(per_s, workload), terms,
                    Certainty.PROVEN if certain else Certainty.ESTIMATED)  # fmt: skip


def _at_generator(workload: Workload, made: TokenLoad) -> Iterator[Breaking]:
    """Yield the rate at which a server makes no more answers, if the answers of all workloads are alike."""
    most, rate = token_capacity(made), workload.rate_per_s
    visits = next((one.visits for one in made.answers if one.workload is workload), 0.0)
    if most is None or visits <= 0:
        return
    others = sum(one.visits * (one.workload.rate_per_s or 0.0) for one in made.answers if one.workload is not workload)
    alone = len(made.answers) == 1
    per_s = max(0.0, most.value - others) / visits
    yield Breaking(
        made.server.name, per_s, per_s / rate if rate else None, most.terms,
        most.certainty if alone else Certainty.ESTIMATED,
    )


def _at_queue(system: System, workload: Workload, name: str) -> Iterator[Breaking]:
    handled = capacity(system, system.components[name])
    arriving = arrivals(system, name, frozenset(system.components))
    rate = workload.rate_per_s
    if handled.unknown or not rate:
        return
    own = _own_share(arriving.terms, workload) * rate
    if own <= 0:
        return
    per_s = max(0.0, handled.rate.per_s - (arriving.per_s - own)) / (own / rate)
    terms = (*arriving.terms[:MOST_TERMS], *handled.rate.terms)
    yield Breaking(name, per_s, _factor(per_s, workload), terms, handled.rate.certainty)


def _own_share(terms: Sequence[Term], workload: Workload) -> float:
    """Return the messages for each request of a workload: its rate is followed by its share if that is not 1."""
    for index, term in enumerate(terms):
        if term.name == "rate" and term.at == workload.place("rate"):
            after = terms[index + 1] if index + 1 < len(terms) else None
            return float(after.value) if after is not None and after.name == "share" else 1.0
    return 0.0


def _factor(per_s: float, workload: Workload) -> float | None:
    return per_s / workload.rate_per_s if workload.rate_per_s else None


def _breaks_at(system: System, workload: Workload, breaking: Sequence[Breaking]) -> Iterator[Number]:
    """Yield the rate at which the first component on the way breaks, and as a multiple of the stated rate."""
    if not breaking:
        return
    first = breaking[0]
    where = Term("bottleneck", "component that breaks first", first.component, "", Origin.DERIVED)
    formula = "(slots - busy with others) / (visits x time)"
    if not any(term.name == "slots" for term in first.terms):
        formula = "(answers per second, at most - those of others) / visits"
    if system.components[first.component].kind == "queue":
        formula = "(capacity - arrivals of others) / share"
    bound = "most" if first.certainty is Certainty.PROVEN else ""
    terms = (where, *first.terms)
    yield finite(Quantity("breaks_at", first.per_s, "/s", formula, terms, first.certainty, bound))
    if first.factor is not None:
        at = workload.place("rate")
        rate = Term("rate", f"rate of {workload.name}", workload.rate_per_s or 0.0, "/s", Origin.STATED, at)
        name, formula = "breaks_at_factor", "breaking rate / rate"
        yield finite(Quantity(name, first.factor, "", formula, (*terms, rate), first.certainty, bound))
