"""The terms and the loss of findings: each term is needed by its finding; a larger excess ranks higher."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.checks._loss import beyond
from archlint.model.places import Step
from archlint.source.parser import parse as parse_yaml
from archlint.verdicts import Hit
from tests.checks.test_srv_laws import lint, looser
from tests.examples.stripping import Tree, dump, parse, without
from tests.rules.examples import LINTER, Example, examples, name_of
from tests.strategies import architectures

BAD = [example for example in examples("bad") if example.pack.family != "DOC"]
Arithmetic = tuple[str, float, tuple[tuple[str, float | str | bool], ...]]


def hits(tree: Tree, path: Path, rule: str) -> dict[str, Hit]:
    """The findings of one rule in a tree in the place of an example, by place."""
    system, _ = LINTER.system(parse_yaml(str(path), dump(tree)), path)
    (bound,) = [bound for bound in LINTER.rules(path) if bound.pack.id == rule]
    return {hit.at.at: hit for hit in bound.run(system, bound.params) if isinstance(hit, Hit)}


def arithmetic(hit: Hit) -> Arithmetic:
    """The content of a finding: its message, its loss, and its terms with their values."""
    return hit.message, hit.loss, tuple((term.label, term.value) for term in hit.terms)


def existing(tree: Tree, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The part of a path that the file has: a short form holds a value without the keys below it."""
    node: Tree = tree
    for number, step in enumerate(steps):
        if isinstance(node, list) and isinstance(step, int):
            node = node[step]
            continue
        if not isinstance(node, dict) or not isinstance(step, str) or step not in node:
            return steps[:number]
        node = node[step]
    return steps


@pytest.mark.parametrize("example", BAD, ids=name_of)
def test_without_the_fact_of_a_term_a_finding_says_something_else(example: Example) -> None:
    tree = parse(example.text)
    before = hits(tree, example.path, example.pack.id)
    for at, hit in before.items():
        for term in hit.terms:
            if term.at is None:
                continue
            cut = without(tree, existing(tree, term.at.steps))
            after = hits(cut, example.path, example.pack.id).get(at)
            assert after is None or arithmetic(after) != arithmetic(hit), f"{term.name} of {hit.message} decides nothing"


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e9))
def test_farther_over_a_limit_never_ranks_lower(one: float, other: float, limit: float) -> None:
    less, more = sorted((one, other))
    assert 0 <= beyond(less, limit) <= beyond(more, limit) <= 1


@given(architectures())
@settings(max_examples=100)
def test_a_loss_is_a_share(tree: Tree) -> None:
    assert all(0 <= finding.loss <= 1 for finding in lint(tree).findings)


@given(architectures(), st.sampled_from([0.2, 0.9]))
@settings(max_examples=100)
def test_a_tighter_objective_never_lowers_the_loss(tree: Tree, factor: float) -> None:
    one = _with_one_objective(tree)
    assert _most_lost(looser(one, factor)) >= _most_lost(one) - 1e-9


def _with_one_objective(tree: Tree) -> Tree:
    """Return a system in which one workload has objectives: a finding of several is about those of one model.

    It says whether it streams: otherwise, only the first token of a generated answer is certain to be late.
    """
    only = copy.deepcopy(tree)
    assert isinstance(only, dict)
    workloads = only.get("workloads", {})
    assert isinstance(workloads, dict)
    asking = [workload for workload in workloads.values() if isinstance(workload, dict) and "slo" in workload]
    for workload in asking[:1]:
        workload.setdefault("stream", "false")
    for workload in asking[1:]:
        del workload["slo"]
    return only


def _most_lost(tree: Tree) -> float:
    return max((finding.loss for finding in lint(tree).findings if finding.rule == "SRV001"), default=0.0)


FAILING = """
archlint: 1
workloads:
  one: {{from: app, rate: {rate}/s}}
  other: {{from: page, rate: 10/s}}
components:
  app: {{kind: client, calls: [{{to: api, timeout: 1s}}]}}
  page: {{kind: client, calls: [{{to: rest, timeout: 1s}}]}}
  api: {{kind: service, replicas: 1}}
  rest: {{kind: service, replicas: 2, zones: [a, b]}}
"""


@given(st.integers(1, 1000), st.integers(1, 1000))
@settings(max_examples=20)
def test_more_traffic_lost_never_ranks_lower(one: int, other: int) -> None:
    less, more = (
        hits(parse(FAILING.format(rate=rate)), BAD[0].path, "REL001")["components.api.replicas"].loss
        for rate in sorted((one, other))
    )
    assert 0 < less <= more < 1
