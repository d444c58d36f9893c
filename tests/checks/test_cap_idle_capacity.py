"""CAP006: which replicas neither the load, nor a failure, nor the availability objective need."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.server.replicas"


def text(server: str, workload: str = "rate: 10/s, peak: 20/s", api: str = "calls: [server]", more: str = "") -> str:
    return f"""
workloads: {{w: {{from: page, models: [m], waits: true, {workload}}}}}
models: {{m: {{service_time: 100ms}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, {api}}}
  server: {{kind: model-server, serves: [m], workers: 1, {server}}}
{more}
"""


def test_ten_times_as_many_as_needed() -> None:
    said = lint("CAP006", text("replicas: 50, zones: [a, b], price: 0.50 EUR per h"))
    finding = said.findings[AT]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert finding.message == (
        "`server` runs 50 replicas, but the peak keeps about 2 of them busy: 8 are enough for the load while one zone "
        "is down; about 42 are idle, which cost 15,120 EUR a month"
    )
    assert said.term(AT, "needed") == 8


@pytest.mark.parametrize(
    ("server", "fails"),
    [
        ("replicas: 23, zones: [a, b]", False),           # less than three times the 8 of two zones
        ("replicas: 24, zones: [a, b]", True),
        ("replicas: 18, zones: [a, b, c]", True),         # 6: two left of three zones carry the load
        ("replicas: 14", False),                          # 5: one more than the load needs
        ("replicas: 15", True),
        ("autoscale: {min: 5, max: 100}", False),
        ("replicas: 24, zones: [a, b], shards: 12", False),
    ],
)
def test_what_counts_as_needed(server: str, fails: bool) -> None:
    assert bool(lint("CAP006", text(server)).places) is fails


def test_the_minimum_of_a_range_is_what_always_runs() -> None:
    assert lint("CAP006", text("autoscale: {min: 40, max: 100}")).places == {"components.server.autoscale.min"}


def test_an_availability_objective_may_need_more() -> None:
    server, slo = "replicas: 15, availability: 30%", ", slo: {availability: 99.9%}"
    assert lint("CAP006", text(server)).places == {AT}
    assert lint("CAP006", text(server, "rate: 10/s, peak: 20/s" + slo)).places == set()


@pytest.mark.parametrize(
    ("api", "fails"),
    [
        ("calls: [{to: server, when: it is new}]", False),
        ("reads: [{to: hits, hit_ratio: 0.9}], calls: [server]", True),
        ("calls: [{to: server, either: one}, {to: other, either: one}]", False),
    ],
)
def test_requests_that_may_come_are_expected(api: str, fails: bool) -> None:
    """A cache may be cold: then 20 replicas are busy at 200/s. How many a condition or a failure sends is not known."""
    more = "  hits: {kind: cache}\n  other: {kind: model-server, serves: [m]}\n"
    assert lint("CAP006", text("replicas: 60", "rate: 10/s, peak: 200/s", api, more)).places == set()
    assert bool(lint("CAP006", text("replicas: 600", "rate: 10/s, peak: 200/s", api, more)).places) is fails


def test_who_waits_for_others_holds_its_workers() -> None:
    assert lint("CAP006", text("replicas: 50, reads: [rows]", more="  rows: {kind: database}")).places == set()


def test_other_callers_are_not_known() -> None:
    assert lint("CAP006", text("replicas: 50", more="  job: {kind: batch-job, calls: [server]}")).places == set()


def test_without_a_peak_it_is_a_question() -> None:
    said = lint("CAP006", text("replicas: 50", "rate: 10/s"))
    assert (said.places, said.undecided) == (set(), {"components.server": ("workloads.w.peak",)})
    assert lint("CAP006", text("replicas: 3", "rate: 10/s")).undecided == {}
