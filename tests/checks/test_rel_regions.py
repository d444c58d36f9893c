"""REL001: a zone belongs to a region."""

from __future__ import annotations

import pytest

from tests.checks.test_rel_single_point_of_failure import behind_page, spof


@pytest.mark.parametrize(
    ("one", "other", "places", "asked"),
    [
        ("region: eu, zones: [a]", "region: us, zones: [a]", set(), set()),
        ("region: eu, zones: [a]", "region: eu, zones: [a]", {"components.one.zones"}, set()),
        ("region: eu, zones: [a]", "zones: [a]", set(), {"components.other.region"}),
        ("zones: [a]", "zones: [a]", {"components.one.zones"}, set()),
    ],
)
def test_the_same_name_in_two_regions_is_two_zones(one: str, other: str, places: set[str], asked: set[str]) -> None:
    said = spof(f"""
        workloads: {{search: {{from: page, rate: 10/s}}}}
        components:
          page: {{kind: client, calls: [{{to: one, either: dns}}, {{to: other, either: dns}}]}}
          one: {{kind: service, replicas: 2, {one}}}
          other: {{kind: service, replicas: 2, {other}}}
        """)
    assert said.places == places
    assert {key for keys in said.undecided.values() for key in keys} == asked


def test_a_component_in_two_regions_is_in_two_zones() -> None:
    assert behind_page("{kind: service, replicas: 2, regions: [eu, us], zones: 1}").places == set()
    assert behind_page("{kind: service, replicas: 2, region: eu, zones: 1}").places == {"components.it.zones"}
