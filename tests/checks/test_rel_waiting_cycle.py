"""REL007: which cycles are reported, and where."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.b.calls[0]"


@pytest.mark.parametrize(
    ("there", "back", "fires"),
    [
        ("calls: [b]", "calls: [a]", True),
        ("calls: [{to: b, timeout: 1s}]", "calls: [{to: a, optional: true, when: at night}]", True),
        ("calls: [b]", "publishes: [q]", False),
        ("calls: [b]", "callback: [a]", False),
        ("calls: [b]", "mirrors: [a]", False),
        ("mirrors: [b]", "calls: [a]", False),
    ],
)
def test_a_circle_of_two(there: str, back: str, fires: bool) -> None:
    said = lint(
        "REL007",
        f"""
        workloads: {{search: {{from: page}}}}
        components:
          page: {{kind: client, calls: [a]}}
          a: {{kind: service, {there}, consumes: [q]}}
          b: {{kind: service, {back}}}
          q: {{kind: queue}}
        """,
    )
    assert said.places == ({AT} if fires else set())


def test_the_circle_starts_where_requests_enter_it() -> None:
    said = lint(
        "REL007",
        """
        workloads: {search: {from: page}}
        components:
          a: {kind: service, calls: [b]}
          b: {kind: service, calls: [c]}
          c: {kind: service, calls: [a]}
          page: {kind: client, calls: [c]}
        """,
    )
    assert said.places == {AT}
    assert said.findings[AT].message.startswith("`c` -> `a` -> `b` -> `c` wait for each other")
    assert [related.at for related in said.findings[AT].related] == ["components.c.calls[0]", "components.a.calls[0]"]
    assert said.term(AT, "hops") == 3


def test_a_cycle_that_no_workload_reaches_is_reported_too() -> None:
    said = lint(
        "REL007",
        """
        components:
          b: {kind: service, calls: [a]}
          a: {kind: service, calls: [b]}
        """,
    )
    assert said.places == {AT}


def test_a_knot_is_one_finding_with_its_shortest_circle() -> None:
    said = lint(
        "REL007",
        """
        workloads: {search: {from: page}}
        components:
          page: {kind: client, calls: [a]}
          a: {kind: service, calls: [b, c]}
          b: {kind: service, calls: [a]}
          c: {kind: service, calls: [d]}
          d: {kind: service, calls: [a]}
        """,
    )
    assert said.places == {AT}


def test_two_knots_are_two_findings() -> None:
    said = lint(
        "REL007",
        """
        workloads: {search: {from: page}}
        components:
          page: {kind: client, calls: [a, c]}
          a: {kind: service, calls: [b]}
          b: {kind: service, calls: [a]}
          c: {kind: service, calls: [d]}
          d: {kind: service, calls: [c]}
        """,
    )
    assert said.places == {AT, "components.d.calls[0]"}


def test_a_diamond_is_no_circle() -> None:
    said = lint(
        "REL007",
        """
        components:
          a: {kind: service, calls: [b, c]}
          b: {kind: service, calls: [d]}
          c: {kind: service, calls: [d]}
          d: {kind: service}
        """,
    )
    assert not said.findings
