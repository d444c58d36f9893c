"""What one request uses of a rate limit: requests, tokens, or seconds in flight."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.amounts import least_amount
from archlint.analysis.single_means import least_mean
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, Workload
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term


class Each(msgspec.Struct, frozen=True):
    """What one request uses at least, with its terms, and the keys that would state the rest.

    With `certain`, it is a bound; otherwise an estimate.
    """

    amount: float
    terms: tuple[Term, ...] = ()
    needs: tuple[Place, ...] = ()
    certain: bool = True

    @property
    def known(self) -> bool:
        """Whether anything is known of it."""
        return self.amount > 0 or not self.needs


def limits_of(component: Component) -> Iterator[tuple[str, float]]:
    """Yield the stated limits of a component: `requests` and `tokens` per second, and `concurrent` requests."""
    stated = component.rate_limit
    if stated is not None:
        rates = ("requests", stated.requests_per_s), ("tokens", stated.tokens_per_s)
        yield from ((key, limit) for key, limit in (*rates, ("concurrent", stated.concurrent)) if limit is not None)


def used_by_one(
    system: System, component: Component, key: str, workload: Workload, estimated: bool = False
) -> Each:
    """Return what one request of a workload uses of a limit of a component.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {ask: {from: page, tokens: {in: 200, out: 101}}}
    ... models: {writer: {ttft: 500ms, tpot: 10ms}}
    ... components:
    ...   page: {kind: client, calls: [vendor]}
    ...   vendor: {kind: external, serves: [writer]}
    ... ''')
    >>> vendor, ask = system.components["vendor"], system.workloads["ask"]
    >>> [used_by_one(system, vendor, key, ask).amount for key in ("requests", "tokens", "concurrent")]
    [1.0, 301.0, 1.5]
    """
    if key == "requests":
        return Each(1.0)
    if key == "tokens":
        return _tokens(workload)
    runs = [name for name in component.serves if workload.models is None or name in workload.models]
    model = system.architecture.models.get(runs[0]) if len(runs) == 1 else None
    return Each(0.0) if model is None else time_in_flight(system, model, component, workload, estimated)


def _tokens(workload: Workload) -> Each:
    stated = workload.tokens
    if stated is None:
        return Each(0.0, (), (workload.place("tokens"),))
    total, terms, needs = 0.0, list[Term](), list[Place]()
    for name, amounts in (("in", stated.input), ("out", stated.output)):
        at = workload.place("tokens", name)
        if amounts is None:
            needs.append(at)
            continue
        said = amounts.constant is not None or amounts.mean is not None
        least, origin = least_amount(amounts), Origin.STATED if said else Origin.DERIVED
        terms.append(Term("tokens", f"tokens {name} of {workload.name}, mean, at least", least, "count", origin, at))
        total += least
    return Each(total, tuple(terms), tuple(needs))


def time_in_flight(
    system: System, model: Model, server: Component, workload: Workload | None, estimated: bool
) -> Each:
    """Return the mean time of one call of a model: stated, or that of an answer with the tokens of the workload."""
    at = model.place("service_time")
    if model.service_time is not None:
        seconds = least_mean(model.service_time) or 0.0
        label = f"model {model.name}, mean, at least"
        return Each(seconds, (Term("service_time", label, seconds, "s", Origin.DERIVED, at),))
    if workload is None or (model.ttft is None and model.tpot is None):
        return Each(0.0, (), (at,))
    from archlint.analysis.generation import DECODE, PREFILL, Generation  # needed only for generated answers
    from archlint.analysis.token_means import mean_answer, mean_each_token, mean_first_token, mean_later_tokens
    from archlint.analysis.turns import in_turn

    made = Generation(model, server, workload, in_turn(system, workload))
    stages = {PREFILL: mean_first_token, DECODE: mean_later_tokens}
    floor = stages.get(server.stage or "", mean_answer)(made, estimated)
    shown = [("ttft", part) for part in mean_first_token(made, estimated).parts if part in floor.parts]
    out = made.amount("out")
    terms = [Term(name, part.label, part.value_s, "s", part.origin, part.at, part.formula) for name, part in shown]
    if len(floor.parts) > len(shown) and out is not None:
        (each,) = mean_each_token(made, estimated).parts
        label, number = f"tokens out of {workload.name}, mean, at least", least_mean(out) or 0.0
        terms.append(Term("tpot", each.label, each.value_s, "s", each.origin, each.at, each.formula))
        terms.append(Term("tokens", label, number, "count", Origin.DERIVED, made.asked("out")))
    label, note = f"model {model.name}, one answer, mean", "ttft + (tokens - 1) x tpot"
    terms.append(Term("service_time", label, floor.at_s, "s", Origin.DERIVED, None, note))
    return Each(floor.at_s, tuple(terms), floor.unknown, floor.certainty is Certainty.PROVEN)
