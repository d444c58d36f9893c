"""Names and order say nothing: whatever a system's parts are called, the same patterns are recognised."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint import Config
from archlint.analysis.patterns import recognise
from archlint.catalog.patterns import patterns
from archlint.model.words import VERBS
from tests.analysis.answering_systems import SUGGESTIVE, answering_systems
from tests.conftest import ROOT
from tests.examples.stripping import Tree, dump, parse
from tests.strategies import architectures

ANSWERS = ("OPS009", "REL014", "REL016", "SRV013", "SRV014")
EXAMPLES = [
    path
    for folder in (ROOT / "examples", *(next((ROOT / "rules").glob(f"{rule}-*")) for rule in ANSWERS))
    for path in sorted(folder.rglob("*.yaml"))
    if path.name not in {"rule.yaml", "archlint.toml"} and "house-rules" not in path.parts
]
SYSTEMS = st.one_of(answering_systems(), architectures())
Told = set[tuple[str, str, frozenset[tuple[str, frozenset[str]]]]]

REFERENCES = {
    "components": {
        "to", "from", "client", "registry", "dead_letter", "features", "callback", "fallback", "switch", "host", *VERBS,
    },
    "models": {"serves", "trains", "models", "index_of", "adapter_of", "quantised_from"},
    "workloads": set[str](),
    "groups": {"either", "parallel", "when"},
}  # fmt: skip
"""The keys that name a part of each sort."""
examples = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")


def tree_of(path: Path) -> dict[str, Tree]:
    tree = parse(path.read_text(encoding="utf-8"))
    assert isinstance(tree, dict)
    return tree


def told(tree: Tree, names: dict[str, str] | None = None) -> Told:
    """The recognised patterns without any order; `names` are the new names of components and workloads."""
    new = names or {}
    return {
        (
            one.pattern,
            new.get(one.workload, one.workload),
            frozenset((role, frozenset(new.get(name, name) for name in who)) for role, who in one.roles.items()),
        )
        for one in recognise(archlint.load(dump(tree), Config(ROOT)))
    }


def renamed(tree: Tree, names: dict[str, dict[str, str]], key: str = "") -> Tree:
    """A file with other names for its parts, everywhere; `names` by the sort of part."""
    if isinstance(tree, str):
        for sort, keys in REFERENCES.items():
            if key in keys:
                tree = names.get(sort, {}).get(tree, tree)
        return tree
    if isinstance(tree, list):
        return [renamed(item, names, key) for item in tree]
    new = names.get(key, {})
    return {new.get(name, name): renamed(value, names, "" if name in new else name) for name, value in tree.items()}


def sections(tree: dict[str, Tree], *keys: str) -> dict[str, list[str]]:
    found = {key: tree.get(key) for key in keys}
    return {key: list(named) for key, named in found.items() if isinstance(named, dict)}


@examples
def test_meaningless_names_change_no_pattern_of_an_example(path: Path) -> None:
    tree = tree_of(path)
    names = {
        sort: {name: f"{sort[0]}{number}" for number, name in enumerate(known)}
        for sort, known in sections(tree, "components", "models", "workloads").items()
    }
    flat = {old: new for sort in ("components", "workloads") for old, new in names.get(sort, {}).items()}
    assert told(renamed(tree, names)) == told(tree, flat)


@settings(max_examples=40, deadline=None)
@given(SYSTEMS, st.randoms(use_true_random=False))
def test_misleading_names_change_no_pattern(tree: Tree, random: Random) -> None:
    """Components, models, workloads and groups get names of other patterns' parts."""
    assert isinstance(tree, dict)
    pool = list(SUGGESTIVE)
    random.shuffle(pool)
    names = {}
    for sort, known in sections(tree, "components", "models", "workloads").items():
        names[sort] = {name: pool.pop() for name in known}
    names["groups"] = {"one": pool.pop(), "other": pool.pop()}
    flat = names.get("components", {}) | names.get("workloads", {})
    assert told(renamed(tree, names)) == told(tree, flat)


@examples
def test_the_order_of_components_is_irrelevant_in_an_example(path: Path) -> None:
    tree = tree_of(path)
    components = tree["components"]
    assert isinstance(components, dict)
    assert told({**tree, "components": dict(reversed(components.items()))}) == told(tree)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_order_of_sections_and_keys_is_irrelevant(data: st.DataObject) -> None:
    """The order of components and models, and that of the verbs of a component, as far as no cache is looked up first."""
    tree = data.draw(answering_systems())
    assert isinstance(tree, dict)
    changed = dict(tree)
    for section in ("components", "models"):
        named = tree[section]
        assert isinstance(named, dict)
        order = data.draw(st.permutations(list(named)))
        changed[section] = {name: _keys_reversed(named[name]) for name in order}
    assert told(changed) == told(tree)


def _keys_reversed(facts: Tree) -> Tree:
    assert isinstance(facts, dict)
    cached = "hit_ratio" in str(facts)      # a hit skips what is written after it
    return facts if cached else dict(reversed(facts.items()))


def test_random_systems_follow_every_pattern_of_answers_and_components_play_its_roles() -> None:
    seen: set[str] = set()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(answering_systems())
    def look(tree: Tree) -> None:
        assert isinstance(tree, dict)
        known = sections(tree, "components", "workloads")
        for pattern, workload, roles in told(tree):
            seen.add(pattern)
            assert {role for role, _ in roles} <= set(patterns()[pattern].roles)
            assert all(names and names <= set(known["components"]) for _, names in roles)
            assert workload in {"", *known["workloads"]}

    look()
    assert seen >= {"rag", "llm-gateway", "model-cascade", "guardrail", "streamed-answer", "disaggregated-serving"}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*/*.yaml")), ids=lambda path: path.stem)
def test_roles_of_an_example_are_played_by_its_components(path: Path) -> None:
    tree = tree_of(path)
    known = sections(tree, "components", "workloads")
    found = told(tree)
    assert found
    for pattern, workload, roles in found:
        assert {role for role, _ in roles} <= set(patterns()[pattern].roles)
        assert all(names <= set(known["components"]) for _, names in roles)
        assert workload in {"", *known["workloads"]}
