"""Patterns are those of the catalogue, names and order say nothing, and the nearest servers are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archlint
from archlint import Config, System
from archlint.analysis.patterns import ORDER, recognise, serving
from archlint.analysis.patterns.reach import MOST, nearest_servers
from archlint.catalog.patterns import patterns
from archlint.model.words import VERBS
from archlint.topology import Flow
from tests.analysis.pattern_systems import FRONT, load
from tests.conftest import ROOT
from tests.examples.stripping import Tree, dump, parse

EXAMPLES = sorted((ROOT / "examples").glob("*/*.yaml"))


def test_the_patterns_and_roles_are_those_of_the_catalogue() -> None:
    known = patterns()
    assert [name for name in known if name in ORDER] == list(ORDER)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_roles_are_played_by_components_and_named_as_in_the_catalogue(path: Path) -> None:
    system = archlint.load(path, Config(ROOT))
    recognised = recognise(system)
    assert recognised
    for one in recognised:
        assert set(one.roles) <= set(patterns()[one.pattern].roles)
        assert all(set(names) <= set(system.components) for names in one.roles.values())
        assert one.workload in {"", *system.workloads}


_REFERENCES = {
    "to", "from", "client", "registry", "dead_letter", "features", "callback", "fallback", "switch", *VERBS,
}  # fmt: skip


def _renamed(tree: Tree, names: dict[str, str], key: str = "") -> Tree:
    """A file with other names for its components, everywhere."""
    if isinstance(tree, str):
        return names.get(tree, tree) if key in _REFERENCES else tree
    if isinstance(tree, list):
        return [_renamed(item, names, key) for item in tree]
    new = names if key == "components" else {}
    return {new.get(name, name): _renamed(value, names, name) for name, value in tree.items()}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_names_say_nothing(path: Path) -> None:
    """If every component has a meaningless name, the same patterns are recognised in the same places."""
    system = archlint.load(path, Config(ROOT))
    names = {name: f"c{number}" for number, name in enumerate(system.components)}
    again = archlint.load(dump(_renamed(parse(path.read_text(encoding="utf-8")), names)), Config(ROOT))
    expected = [
        (one.pattern, one.workload, {role: tuple(names[n] for n in who) for role, who in one.roles.items()})
        for one in recognise(system)
    ]
    assert [(one.pattern, one.workload, one.roles) for one in recognise(again)] == expected


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_order_of_components_is_irrelevant(path: Path) -> None:
    tree = parse(path.read_text(encoding="utf-8"))
    assert isinstance(tree, dict)
    components = tree["components"]
    assert isinstance(components, dict)
    backwards = {**tree, "components": dict(reversed(components.items()))}
    assert _told(backwards) == _told(tree)


def _told(tree: Tree) -> set[tuple[str, str, frozenset[tuple[str, frozenset[str]]]]]:
    recognised = recognise(archlint.load(dump(tree), Config(ROOT)))
    return {
        (one.pattern, one.workload, frozenset((role, frozenset(names)) for role, names in one.roles.items()))
        for one in recognised
    }


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
