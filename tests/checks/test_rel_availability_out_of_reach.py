"""REL008: what an availability objective can and cannot reach, by the facts of the components."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.availability import Availabilities
from archlint.checks.availability_out_of_reach import Params, check
from tests.checks.linting import lint

SLO = "workloads.w.slo.availability"
API = "components.api.availability"


def text(api: str = "replicas: 1, availability: 99%", more: str = "", slo: str = "99.9%", workload: str = "") -> str:
    return f"""
workloads: {{w: {{from: page, waits: true, slo: {{availability: {slo}}}{workload}}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, {api}}}
{more}
"""


@pytest.mark.parametrize(
    ("api", "slo", "place"),
    [
        ("replicas: 1, availability: 99%", "99.9%", API),
        ("replicas: 2, availability: 99%", "99.995%", API),
        ("autoscale: {min: 1, max: 2}, availability: 99%", "99.995%", API),
        ("replicas: 1, mtbf: 99h, mttr: 1h", "99.9%", "components.api.mtbf"),
        ("replicas: 1, mtbf: 99h, mttr: 1s, start_time: 1h", "99.9%", "components.api.mtbf"),
        ("replicas: 1, mtbf: 99h, start_time: 1h", "99.9%", "components.api.mtbf"),
    ],
)
def test_one_component_rules_it_out(api: str, slo: str, place: str) -> None:
    finding = lint("REL008", text(api, slo=slo)).findings[place]
    assert (finding.severity, finding.certainty) == ("error", "proven")


@pytest.mark.parametrize(
    ("api", "slo"),
    [
        ("replicas: 1, availability: 99%", "99%"),
        ("replicas: 2, availability: 99%", "99.99%"),
        ("autoscale: {min: 1, max: 9}, availability: 90%", "99.999%"),
        ("autoscale: {min: 1}, availability: 90%", "99.999%"),
        ("availability: 90%", "99.999%"),                       # how many replicas is not stated
        ("replicas: 1, mtbf: 99h, mttr: 1s", "99.9%"),
        ("replicas: 1", "99.9%"),
        ("replicas: 0, availability: 90%", "99.9%"),
    ],
)
def test_what_it_allows_is_not_reported(api: str, slo: str) -> None:
    assert lint("REL008", text(api, slo=slo)).places == set()


def test_the_message_shows_the_arithmetic_and_the_replicas_that_it_takes() -> None:
    finding = lint("REL008", text("replicas: 2, availability: 95%", slo="99.99%")).findings[API]
    assert finding.message == (
        "`w` requires 99.99 % availability, but every request needs `api`, whose 2 replicas are up 95 % of the time "
        "each: at most 99.75 % of its requests succeed (1.8 h a month of failures; the objective allows 4.32 min); "
        "it needs at least 4 replicas"
    )


def test_the_load_at_the_peak_decides_how_many_replicas_must_be_up() -> None:
    """That is an estimate: with fewer replicas, requests may be late instead of lost."""
    busy = "replicas: 3, workers: 1, service_time: 50ms, availability: 98%"
    finding = lint("REL008", text(busy, slo="99.5%", workload=", rate: 10/s, peak: 50/s")).findings[SLO]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert finding.message == (
        "`w` requires 99.5 % availability, but it reaches at most about 94.12 % (42.3 h a month of failures; the "
        "objective allows 3.6 h): `api` 42.3 h (the load needs 3 of 3 replicas); 4 replicas would reach it"
    )
    assert lint("REL008", text(busy, slo="99.5%", workload=", rate: 10/s, peak: 19/s")).places == set()


def test_facts_that_contradict_the_objective() -> None:
    """Half of the time, each of two replicas is down: the load, far above what they can do, is another finding."""
    replicas = "replicas: 2, zones: [a, b], workers: 1, availability: 50%, service_time: 40ms"
    found = lint("REL008", text(replicas, slo="99.99%", workload=", rate: 100/s, peak: 1k/s")).findings[API]
    assert (found.severity, found.certainty) == ("error", "proven")
    assert "at most 75 % of its requests succeed" in found.message


def test_several_good_parts_are_an_estimate() -> None:
    more = "  db: {kind: database, replicas: 1, availability: 99.95%}"
    said = lint("REL008", text("replicas: 1, availability: 99.94%, reads: [db]", more))
    finding = said.findings[SLO]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "`api` 25.9 min, `db` 21.6 min" in finding.message
    assert said.term(SLO, "reached") == pytest.approx(0.9994 * 0.9995)


def test_a_shortfall_below_what_the_numbers_state_is_none() -> None:
    """99.9 % x (1 - 0.00001 %^2) misses 99.9 % by some milliseconds a month, of 43 minutes."""
    more = "  db: {kind: database, replicas: 2, availability: 99.997%}"
    api = "replicas: 1, availability: 99.9%, reads: [db]"
    assert lint("REL008", text(api, more)).places == set()
    assert lint("REL008", text(api, more.replace("replicas: 2", "replicas: 1"))).places == {SLO}
    vendor = "  v: {kind: external, availability: 99.89999%}"
    assert lint("REL014", text("replicas: 2, calls: [v]", vendor)).places == set()


def test_replicas_are_no_fix_where_vendors_alone_miss_the_objective() -> None:
    more = "  v: {kind: external, availability: 99.95%}\n  w: {kind: external, availability: 99.94%}"
    said = lint("REL008", text("replicas: 1, availability: 99.99%, calls: [v, w]", more))
    assert said.cures(SLO) == ["prediction-circuit-break"]
    said = lint("REL008", text("replicas: 1, availability: 99.94%, calls: [v]", more))
    assert said.cures(SLO) == ["replicate", "prediction-circuit-break"]


def test_two_vendors_that_replace_each_other() -> None:
    more = "  b: {kind: external, availability: 99%}\n  c: {kind: external, availability: 99%}"
    calls = "calls: [{to: b, fallback: c}]"
    finding = lint("REL008", text(calls, more, "99.999%")).findings["components.b.availability"]
    assert finding.certainty == "proven"
    assert "`b` or `c`, which are up 99 % and 99 % of the time" in finding.message
    assert lint("REL008", text(calls, more, "99.99%")).places == set()


def test_one_vendor_is_reported_by_its_own_rule_and_only_once() -> None:
    more = "  b: {kind: external, availability: 99%}"
    assert lint("REL008", text("replicas: 2, calls: [b]", more)).places == set()
    assert lint("REL014", text("replicas: 2, calls: [b]", more)).places == {"components.b.availability"}
    both = lint("REL008", text("replicas: 1, availability: 99%, calls: [b]", more))
    assert both.places == {API}
    rest = "replicas: 1, availability: 99.94%, calls: [b], reads: [db]"
    said = lint("REL008", text(rest, more + "\n  db: {kind: database, replicas: 1, availability: 99.95%}"))
    assert "even if `b` never failed" in said.findings[SLO].message


def test_a_branch_loses_its_share() -> None:
    more = "  a: {kind: service, replicas: 1, availability: 90%}\n  b: {kind: service}"
    calls = "calls: [{to: a, share: 0.25}, {to: b, share: 0.75}]"
    said = lint("REL008", text(calls, more, "98%"))
    assert said.term("components.a.availability", "share") == pytest.approx(0.25)
    assert said.term("components.a.availability", "reached") == pytest.approx(0.975)
    assert lint("REL008", text(calls, more, "97%")).places == set()


def test_a_component_of_several_workloads_is_reported_once() -> None:
    twice = text().replace("workloads: {", "workloads: {v: {from: page, waits: true, slo: {availability: 99.99%}}, ")
    finding = lint("REL008", twice).findings[API]
    assert "`v` (and 1 more) requires 99.99 %" in finding.message
    assert [related.at for related in finding.related] == ["workloads.v.slo.availability", SLO]


def test_a_zone_that_fails_is_a_parameter() -> None:
    replicas = "replicas: 6, zones: [a, b, c], workers: 1, service_time: 40ms, availability: 99.9%"
    system = archlint.load("archlint: 1\n" + text(replicas, slo="99.9999%", workload=", rate: 40/s, peak: 95/s"))
    assert Availabilities(system).pools.stated == {"api"}
    assert list(check(system, Params())) == []
    hits = list(check(system, Params(zone_availability=0.9995)))
    assert [hit.at.at for hit in hits] == [SLO]


def test_it_asks_for_what_is_missing_if_most_is_stated() -> None:
    more = "  db: {kind: database, replicas: 1, availability: 99.99%}\n  log: {kind: service}"
    said = lint("REL008", text("replicas: 2, availability: 99%, reads: [db], calls: [log]", more))
    assert said.undecided == {SLO: ("components.log.availability",)}
    assert lint("REL008", text("calls: [log, db]", more)).undecided == {}


def test_nothing_is_asked_of_a_sketch() -> None:
    assert lint("REL008", text("calls: [b]", "  b: {kind: service}")).undecided == {}


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.sampled_from([0.9, 0.99, 0.999]), st.sampled_from([99.0, 99.9, 99.99]))
def test_a_stricter_objective_or_fewer_replicas_never_pass_where_another_fails(
    replicas: int, up: float, objective: float
) -> None:
    api = f"replicas: {replicas}, availability: {up * 100:.9g}%"
    if lint("REL008", text(api, slo=f"{objective}%")).places:
        assert lint("REL008", text(api, slo="99.9999999%")).places
        fewer = f"replicas: {max(1, replicas - 1)}, availability: {up * 100:.9g}%"
        assert lint("REL008", text(fewer, slo=f"{objective}%")).places
