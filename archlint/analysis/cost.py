"""What a workload costs, from the prices that the file or the configuration states; archlint ships none.

Replicas cost money all the time, and calls and tokens for each request. The least cost is a bound: replicas that always
run, of components that only this workload uses, and calls that every request makes. The part of shared components is
an estimate: their cost is divided by the requests that reach them. Retries and alternatives are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.amounts import least_amount
from archlint.analysis.arrivals import Arrivals
from archlint.analysis.facts import Fact
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.standing import MONTH_S, basis, standing
from archlint.analysis.system import System
from archlint.analysis.turns import in_turn
from archlint.analysis.work import replicas_key
from archlint.model.architecture import Component, Workload
from archlint.model.digits import format_money
from archlint.model.pieces import Price
from archlint.model.places import Place
from archlint.model.quantities import Money
from archlint.verdicts import Certainty, Origin, Term

_JOBS: Final = frozenset({"batch-job", "training-job"})
_OF_USERS: Final = frozenset({"client", "edge-device"})


class Item(msgspec.Struct, frozen=True):
    """What a component costs a workload: `fixed` a month, and `each` for every request.

    It is certain if no other workload uses the component, or if it is paid for by the call; by its tokens, if a
    request gets one generated answer.
    """

    component: Component
    fixed: float
    each: float
    certain: bool
    terms: tuple[Term, ...]

    def per_month(self, rate_per_s: float) -> float:
        """Return the cost of a month, at a rate of requests."""
        return self.fixed + self.each * rate_per_s * MONTH_S


class Cost(msgspec.Struct, frozen=True):
    """The cost of a workload in one currency. `needs` are the keys of what is missing."""

    workload: Workload
    currency: str
    items: tuple[Item, ...]
    needs: tuple[Place, ...]

    def per_month(self, certain: bool = False) -> Quantity | Missing:
        """Return the cost of a month: at least (`certain`), or with the part of shared components."""
        items = self._of(certain)
        rate = self.workload.rate_per_s
        if rate is None and any(item.each > 0 for item in items):
            return Missing("cost_per_month", (self.workload.place("rate"),))
        value = sum(item.per_month(rate or 0.0) for item in items)
        formula = "replicas x price x time + rate x calls x price, summed"
        return self._quantity("cost_per_month", value, formula, certain)

    def per_thousand(self, certain: bool = False) -> Quantity | Missing:
        """Return the cost of 1,000 requests: what runs all the time is divided by the rate."""
        items = self._of(certain)
        rate, fixed = self.workload.rate_per_s, sum(item.fixed for item in items)
        if fixed > 0 and not rate:
            return Missing("cost_per_1000", (self.workload.place("rate"),))
        value = 1000 * (sum(item.each for item in items) + (fixed / (rate * MONTH_S) if rate else 0.0))
        formula = "1000 x (calls x price + replicas x price x time / requests in that time), summed"
        return self._quantity("cost_per_1000", value, formula, certain)

    def _of(self, certain: bool) -> list[Item]:
        return [item for item in self.items if item.certain or not certain]

    def _quantity(self, name: str, value: float, formula: str, certain: bool) -> Quantity:
        proven = certain or all(item.certain for item in self.items)
        terms = tuple(dict.fromkeys(term for item in self._of(certain) for term in item.terms))
        certainty = Certainty.PROVEN if proven else Certainty.ESTIMATED
        return Quantity(name, value, self.currency, formula, terms, certainty, "least")


class Costs:
    """The costs of the workloads of a system.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {ask: {from: page, rate: 5/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, replicas: 2, price: 0.10 USD per h, calls: [vendor]}
    ...   vendor: {kind: external, price: 0.40 USD per 1k}
    ... ''')
    >>> cost = Costs(system).of(system.workloads["ask"])
    >>> round(cost.per_month().value), round(cost.per_thousand().value, 4)
    (5328, 0.4111)
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self.priced = [component for component in system.components.values() if component.price is not None]

    @cached_property
    def _arrivals(self) -> Arrivals:
        return Arrivals(self._system)

    def of(self, workload: Workload) -> Cost | Missing:
        """Return the cost of a workload, in the currency of its budget, else in that of the first price."""
        used = [c for c in self.priced if workload in self._users(c)]
        jobs = list(self._jobs(workload))
        currency = workload.budget.currency if workload.budget is not None else ""
        for component in (*used, *(vendor for _, vendor in jobs)):
            currency = currency or next((money.currency for money in _moneys(component)), "")
        items: list[Item] = []
        needs: dict[Place, None] = {}
        for component in used:
            for found in self._items(workload, component, currency):
                if isinstance(found, Item):
                    items.append(found)
                else:
                    needs[found] = None
        for job, vendor in jobs:
            run = self._run_by(workload, job, vendor, currency)
            if isinstance(run, Item):
                items.append(run)
            elif run is not None:
                needs[run] = None
        if not items and not needs:
            return Missing("cost", self._price_keys(workload))
        return Cost(workload, currency, tuple(items), (*needs, *self._price_keys(workload)))

    def _price_keys(self, workload: Workload) -> tuple[Place, ...]:
        """Return the keys of the prices of what serves the workload, where none is stated."""
        servers = dict.fromkeys(s.server for s in self._system.servings(workload) if s.server)
        components = (self._system.components[name] for name in servers)
        return tuple(c.place("price") for c in components if c.price is None and c.kind not in _OF_USERS)

    def _users(self, component: Component) -> tuple[Workload, ...]:
        users = self._system.workloads_of.get(component.name, ())
        return (*users, *(w for w in self._system.workloads_served_by.get(component.name, ()) if w not in users))

    def _items(self, workload: Workload, component: Component, currency: str) -> Iterator[Item | Place]:
        """Yield what a component costs: its replicas, its calls, its tokens."""
        price = component.price
        if price is None:
            return
        amount = price.amount
        if amount is not None and amount.currency == currency and amount.per_s:
            found = self._replicas(workload, component, amount)
            if found is not None:
                yield found
        visits = self._arrivals.of(workload).get(component.name, 0.0)
        if visits <= 0:
            return
        if amount is not None and amount.currency == currency and amount.per_count:
            term = _price_term(component, price, amount, "calls")
            yield self._by_call(workload, component, visits, amount.amount / amount.per_count, currency, (term,))
        yield from self._tokens(workload, component, visits, currency)

    def _replicas(self, workload: Workload, component: Component, amount: Money) -> Item | Place | None:
        """Return what the replicas that always run cost; jobs only cost while they run."""
        facts = self._system.facts
        replicas = facts.replicas(component)
        if component.kind in _JOBS or (replicas is None and facts.serverless(component)):
            return None
        if replicas is None and (component.kind == "external" or facts.redundant(component) is not None):
            replicas = Fact(1.0, Origin.ASSUMED, None, "one contract")
        if replicas is None:
            return replicas_key(component)
        part = self._part(workload, component)
        if isinstance(part, Place):
            return part
        whole = standing(component, float(replicas.value), MONTH_S) or 0.0
        price = component.price or Price()
        terms = [
            replicas.term("replicas", f"replicas of {component.name}", "count"),
            _price_term(component, price, amount, "time"),
        ]
        if part < 1:
            label, note = f"part of {workload.name} in {component.name}", "its requests / all requests there"
            terms.append(Term("part", label, part, "share", Origin.DERIVED, None, note))
        terms.append(_cost_term(component, whole * part, amount.currency, "a month"))
        return Item(component, whole * part, 0.0, part == 1, tuple(terms))

    def _part(self, workload: Workload, component: Component) -> float | Place:
        """Return which part of a component's cost is that of a workload, by the requests that reach it."""
        users = self._users(component)
        if len(users) <= 1:
            return 1.0
        total = own = 0.0
        for user in users:
            if user.rate_per_s is None:
                return user.place("rate")
            # Behind a queue and in jobs, each request counts once.
            requests = user.rate_per_s * (self._arrivals.of(user).get(component.name, 0.0) or 1.0)
            total += requests
            own += requests if user.name == workload.name else 0.0
        return own / total if total > 0 else 1 / len(users)

    def _by_call(
        self, workload: Workload, component: Component, visits: float, each: float, currency: str,
        terms: tuple[Term, ...],
    ) -> Item:  # fmt: skip
        shown = list(terms)
        if workload.rate_per_s is not None:
            at = workload.place("rate")
            shown.insert(0, Term("rate", f"rate of {workload.name}", workload.rate_per_s, "/s", Origin.STATED, at))
        if visits != 1:
            label, note = f"calls of {component.name} for each request, at least", "product of shares and cache misses"
            shown.append(Term("visits", label, visits, "", Origin.DERIVED, None, note))
        item = Item(component, 0.0, visits * each, True, ())
        if workload.rate_per_s is not None:
            shown.append(_cost_term(component, item.per_month(workload.rate_per_s), currency, "a month"))
        return msgspec.structs.replace(item, terms=tuple(shown))

    def _tokens(
        self, workload: Workload, component: Component, visits: float, currency: str
    ) -> Iterator[Item | Place]:
        each, terms, missing = _token_cost(workload, component, currency)
        yield from missing
        if terms:
            item = self._by_call(workload, component, visits, each, currency, terms)
            yield msgspec.structs.replace(item, certain=not in_turn(self._system, workload))

    def _jobs(self, workload: Workload) -> Iterator[tuple[Component, Component]]:
        """Yield the jobs that predict for a workload ahead of time, with the priced server that each of them asks."""
        components = self._system.components
        servings = self._system.servings(workload)
        for job, server in dict.fromkeys((s.producer, s.server) for s in servings if s.producer and s.server):
            apart = workload not in self._system.workloads_of.get(server, ())
            if apart and components[job].kind == "batch-job" and components[server].price is not None:
                yield components[job], components[server]

    def _run_by(
        self, workload: Workload, job: Component, vendor: Component, currency: str
    ) -> Item | Place | None:
        """Return what the calls of a job cost: one for each of its records, in each of its runs."""
        if job.records is None:
            return job.place("records")
        gap_s = job.schedule.longest_gap_s if job.schedule is not None else None
        if not gap_s:
            return job.place("schedule")
        price = vendor.price or Price()
        each, shown = 0.0, []
        if price.amount is not None and price.amount.currency == currency and price.amount.per_count:
            each += price.amount.amount / price.amount.per_count
            shown.append(_price_term(vendor, price, price.amount, "calls"))
        tokens, terms, _ = _token_cost(workload, vendor, currency)
        each, shown = each + tokens, [*shown, *terms]
        if not shown:
            return None
        runs = MONTH_S / gap_s
        others = len(self._system.workloads_served_by.get(vendor.name, ()))
        at = job.place("records")
        shown.insert(0, Term("records", f"records of {job.name}", job.records, "count", Origin.STATED, at))
        shown.insert(1, Term("runs", f"runs of {job.name} in a month, at least", runs, "count", Origin.DERIVED,
                             job.place("schedule"), "30 d / longest period"))  # fmt: skip
        value = job.records * runs * each / max(1, others)
        shown.append(_cost_term(vendor, value, currency, "a month"))
        return Item(vendor, value, 0.0, others <= 1, tuple(shown))


def _token_cost(
    workload: Workload, component: Component, currency: str
) -> tuple[float, tuple[Term, ...], tuple[Place, ...]]:
    """Return what the tokens of one request cost at least, with terms, and the keys that would state the tokens."""
    price, tokens = component.price, workload.tokens
    each, terms, missing = 0.0, list[Term](), list[Place]()
    prices: Mapping[str, Money | None] = {"in": price.input, "out": price.output} if price is not None else {}
    for name, money in prices.items():
        if price is None or money is None or money.currency != currency or not money.per_count:
            continue
        amounts = None if tokens is None else tokens.input if name == "in" else tokens.output
        at = workload.place("tokens", name)
        if amounts is None:
            missing.append(at if tokens is not None else workload.place("tokens"))
            continue
        least = least_amount(amounts)
        said = amounts.constant is not None or amounts.mean is not None
        origin = Origin.STATED if said else Origin.DERIVED
        terms.append(Term("tokens", f"tokens {name} of {workload.name}, mean, at least", least, "count", origin, at))
        terms.append(_price_term(component, price, money, "tokens", "input" if name == "in" else "output"))
        each += least * money.amount / money.per_count
    return each, tuple(terms), tuple(dict.fromkeys(missing))


def _moneys(component: Component) -> Iterator[Money]:
    price = component.price
    if price is not None:
        yield from (money for money in (price.amount, price.input, price.output) if money is not None)


def _price_term(component: Component, price: Price, money: Money, what: str, key: str = "") -> Term:
    """Return the line of a price: with what it is for, and where it comes from."""
    amount = money.amount * (3600.0 / money.per_s if money.per_s else 1000.0 / (money.per_count or 1000.0))
    per = {"time": "replica and hour", "calls": "1,000 calls", "tokens": f"1,000 tokens ({key})"}[what]
    at = component.place("price", key) if key else component.place("price")
    label, value = f"price of {component.name} per {per}", format_money(amount, money.currency)
    return Term("price", label, value, "", Origin.STATED, at, basis(price))


def _cost_term(component: Component, value: float, currency: str, per: str) -> Term:
    return Term("cost", f"cost of {component.name} {per}", value, currency, Origin.DERIVED, None, "product")
