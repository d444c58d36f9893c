"""Facts with their origins: stated, otherwise assumed by the catalogue, otherwise none."""

from __future__ import annotations

import pytest

import archlint
from archlint.analysis.facts import Fact, Facts
from archlint.model.architecture import Component, Relation, Scaling
from archlint.verdicts import Origin

FACTS = Facts({}, archlint.load("archlint: 1\nsystem: s\n").technologies)


def at(fact: Fact | None) -> str:
    assert fact is not None
    return fact.at.at if fact.at is not None else ""


@pytest.mark.parametrize(
    ("component", "value", "where"),
    [
        (Component("a", "service", replicas=3.0), 3, "components.a.replicas"),
        (Component("a", "service", scaling=Scaling(2.0, 9.0)), 2, "components.a.replicas.min"),
        (Component("a", "service", autoscale=Scaling(1.0, 9.0)), 1, "components.a.autoscale.min"),
        (Component("a", "service", replicas=4.0, autoscale=Scaling(2.0, 9.0)), 2, "components.a.autoscale.min"),
        (Component("a", "service", replicas=4.0, autoscale=Scaling(None, 9.0)), 4, "components.a.replicas"),
    ],
)
def test_replicas_are_those_that_always_stand(component: Component, value: float, where: str) -> None:
    fact = FACTS.replicas(component)
    assert fact is not None and fact.value == value and fact.origin is Origin.STATED
    assert at(fact) == where


def test_replicas_may_be_unknown() -> None:
    assert FACTS.replicas(Component("a", "service")) is None
    assert FACTS.replicas(Component("a", "service", scaling=Scaling(None, 5.0))) is None


def test_workers_are_one_where_nobody_says() -> None:
    fact = FACTS.workers(Component("a", "service"))
    assert (fact.value, fact.origin, fact.at) == (1.0, Origin.ASSUMED, None)
    assert FACTS.workers(Component("a", "service", workers=8.0)).value == 8
    assert at(FACTS.workers(Component("a", "service", workers=8.0))) == "components.a.workers"


def test_what_a_technology_assumes_carries_its_source_and_yields_to_what_is_said() -> None:
    known = archlint.load("archlint: 1\nsystem: s\n").technologies
    name, assumed = next((t.name, t.assumed["persistent"]) for t in known.entries.values() if "persistent" in t.assumed)
    fact = FACTS.persistent(Component("a", "queue", uses=name))
    assert fact is not None and fact.value == assumed.value and fact.origin is Origin.ASSUMED
    assert assumed.source in fact.source
    said = FACTS.persistent(Component("a", "queue", uses=name, persistent=not assumed.value))
    assert said is not None and said.value == (not assumed.value) and said.origin is Origin.STATED
    assert FACTS.persistent(Component("a", "queue", uses="homemade")) is None


def test_timeouts_are_those_of_the_relation_or_of_the_callers_technology() -> None:
    known = archlint.load("archlint: 1\nsystem: s\n").technologies
    by_timeout = [t.name for t in known.entries.values() if "timeout" in t.assumed]
    caller = Component("a", "service", uses=by_timeout[0] if by_timeout else None)
    facts = Facts({"a": caller, "b": Component("b", "service")}, known)
    stated = facts.timeout_s(Relation("calls", "a", "b", 0, timeout_s=0.2))
    assert stated is not None and stated.value == 0.2 and at(stated) == "components.a.calls[0].timeout"
    silent = facts.timeout_s(Relation("calls", "a", "b", 0))
    assert (silent is not None) == bool(by_timeout)
    assert facts.timeout_s(Relation("calls", "b", "a", 0)) is None


def test_a_fact_becomes_a_term() -> None:
    fact = FACTS.workers(Component("a", "service", workers=8.0))
    term = fact.term("workers", "workers of a", "count", limit=True)
    assert (term.name, term.value, term.unit, term.origin, term.at, term.limit) == (
        "workers", 8.0, "count", Origin.STATED, fact.at, True,
    )  # fmt: skip
