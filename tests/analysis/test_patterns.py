"""The recognised patterns are those of the catalogue, and the nearest servers are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint import System
from archlint.analysis.patterns import ORDER, recognise, serving
from archlint.analysis.patterns.reach import MOST, nearest_servers
from archlint.catalog.patterns import patterns
from archlint.topology import Flow
from tests.analysis.pattern_systems import FRONT, load


def test_the_patterns_and_roles_are_those_of_the_catalogue() -> None:
    known = patterns()
    assert [name for name in known if name in ORDER] == list(ORDER)
    assert [name for name, pattern in known.items() if pattern.recognised] == list(ORDER)


def _brute_force(targets: dict[str, list[str]], serving: set[str], start: str) -> set[str]:
    """The serving nodes that a path from a node reaches without passing another one."""
    reached: set[str] = set()
    seen: set[str] = set()
    stack = [start]
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in serving:
            reached.add(name)
        else:
            stack.extend(targets[name])
    return reached


NAMES = "abcdef"


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3, unique=True)),
    st.sets(st.sampled_from(NAMES)),
)
def test_the_nearest_servers_are_those_that_a_search_finds(
    edges: dict[str, list[str]], serving: set[str]
) -> None:
    targets = {name: edges.get(name, []) for name in NAMES}
    nearest = nearest_servers(targets, serving)
    assert {name: set(found) for name, found in nearest.items()} == {
        name: _brute_force(targets, serving, name) for name in NAMES
    }


def test_at_most_so_many_servers_are_named_behind_one_component() -> None:
    count = 3 * MOST
    targets = {"top": [f"s{i}" for i in range(count)], **{f"s{i}": [] for i in range(count)}}
    assert len(nearest_servers(targets, set(targets) - {"top"})["top"]) == MOST


def test_workloads_that_are_served_alike_share_the_search_for_servers_that_work_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []
    search = serving._works_alone

    def counted(system: System, flow: Flow, server: str) -> bool:
        searched.append(server)
        return search(system, flow, server)

    monkeypatch.setattr(serving, "_works_alone", counted)
    system = load(FRONT.replace("service", "gateway"), "m", "\n".join(f"w{number}: {{from: page}}" for number in range(9)))
    found = [(one.workload, *one.roles["server"]) for one in recognise(system) if one.pattern == "web-single"]
    assert found == [(f"w{number}", "server") for number in range(9)]
    assert searched == ["server"]
