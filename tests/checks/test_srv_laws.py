"""Laws of the SRV and OPS checks over random systems, and over the examples of their packs."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, product
from math import isclose
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.model.quantities import parse_duration
from archlint.source.parser import parse as parse_yaml
from archlint.verdicts import FileReport, Finding
from tests.conftest import ROOT
from tests.examples.stripping import Path as Keys
from tests.examples.stripping import parse, spelt, unknown_when_absent
from tests.strategies import Tree, architectures, dump, reordered

OWN = sorted(path for family in ("SRV", "OPS") for path in (ROOT / "rules").glob(f"{family}*/bad*.yaml"))


@cache
def linter() -> Linter:
    return Linter(Config(ROOT), Options(select=("SRV", "OPS"), today="2026-06-30"))


def lint(tree: Tree) -> FileReport:
    return linter().lint(parse_yaml("arch.yaml", dump(tree)), None)[0]


def said(report: FileReport) -> tuple[set[tuple[str, str, str, str]], set[tuple[str, ...]]]:
    """The findings and open questions, without their order."""
    found = {(f.rule, f.at, f.severity, f.certainty) for f in report.findings}
    return found, {(q.rule, q.at, *sorted(q.needs)) for q in report.undecided}


@given(st.data())
def test_the_order_of_components_is_irrelevant(data: st.DataObject) -> None:
    tree = data.draw(architectures())
    assert said(lint(data.draw(reordered(tree)))) == said(lint(tree))


def looser(tree: Tree, factor: float) -> Tree:
    """The same system with every latency objective that many times as long."""
    if isinstance(tree, dict):
        return {
            key: _loosen(value, factor) if key == "latency" else looser(value, factor) for key, value in tree.items()
        }
    return [looser(item, factor) for item in tree] if isinstance(tree, list) else tree


def _loosen(objectives: Tree, factor: float) -> Tree:
    assert isinstance(objectives, dict)
    return {name: f"{parse_duration(str(value)) * factor:.9f}s" for name, value in objectives.items()}


@given(architectures(), st.sampled_from([1.001, 1.5, 4.0, 100.0]))
@settings(max_examples=200)
def test_a_looser_objective_never_adds_a_model_too_big_for_it(tree: Tree, factor: float) -> None:
    assert missed(lint(looser(tree, factor))) <= missed(lint(tree))


def missed(report: FileReport) -> set[str]:
    """The places of the objectives that SRV001 shows; a finding itself is shown where the worst of them is exceeded."""
    shown = [related for f in report.findings if f.rule == "SRV001" for related in f.related]
    return {related.at for related in shown if related.message.startswith("SLO of")}


def cut(tree: Tree, keys: Keys) -> Tree:
    """The tree without a fact; its part stays, even without any other facts."""
    if len(keys) == 1:
        assert isinstance(tree, dict)
        return {key: value for key, value in tree.items() if key != keys[0]}
    if isinstance(tree, list):
        return [cut(item, keys[1:]) if index == keys[0] else item for index, item in enumerate(tree)]
    assert isinstance(tree, dict)
    return {key: cut(value, keys[1:]) if key == keys[0] else value for key, value in tree.items()}


def means_something_absent(tree: Tree, keys: Keys) -> bool:
    """Whether the absence of a fact has a meaning, though the vocabulary calls it unknown.

    `repeats` only lowers a stated hit ratio. A run time also follows from the records, and may contradict them here.
    Balancers, caches and servers of models are assumed to need no time of their own: a model's service time includes
    its server, and a question for each of them would hide the important ones. A
    job that has one more schedule starts by that. Somebody waits for an answer that is read while it is made.
    """
    section, name, *rest = keys
    assert isinstance(tree, dict)
    components = tree["components"]
    if rest == ["repeats"]:
        return True
    assert isinstance(components, dict)
    if rest == ["waits"]:
        workloads = tree["workloads"]
        assert isinstance(workloads, dict)
        workload = workloads[str(name)]
        assert isinstance(workload, dict)
        objectives = workload.get("slo", {})
        return workload.get("stream") == "true" or not {"ttft", "tpot"}.isdisjoint(objectives)
    if section == "components" and rest == ["schedule"]:
        return sum("schedule" in facts for facts in components.values() if isinstance(facts, dict)) > 1
    if section != "components" or rest not in (["run_time"], ["service_time"]):
        return False
    facts = components[str(name)]
    assert isinstance(facts, dict)
    if rest == ["run_time"]:
        return "records" in facts
    return "serves" in facts or facts["kind"] in {"load-balancer", "gateway", "cache"}


def blamed(report: FileReport, rule: str) -> set[str]:
    """Who is affected: the workloads that a finding is related to, otherwise its place."""
    found: set[str] = set()
    for finding in report.findings:
        if finding.rule == rule:
            users = {related.at.split(".")[1] for related in finding.related if related.at.startswith("workloads.")}
            found |= users or {finding.at}
    return found


@given(st.data())
@settings(max_examples=80)
def test_without_a_fact_no_finding_turns_into_a_pass(data: st.DataObject) -> None:
    """Each system loses three facts, one at a time: two of them belong to parts that its findings show."""
    tree = data.draw(architectures())
    whole = lint(tree)
    rules = {finding.rule for finding in whole.findings}
    facts = [keys for keys in unknown_when_absent(tree) if not means_something_absent(tree, keys)] if rules else []
    shown = {part for finding in whole.findings for part in parts_of(finding)}
    near = [keys for keys in facts if (keys[0], keys[1]) in shown]
    for some in (near, near, facts):
        if not some:
            continue
        keys = data.draw(st.sampled_from(some))
        rest = lint(cut(tree, keys))
        for rule in rules:
            open_ = [q for q in rest.undecided if q.rule == rule]
            needs = [need for q in open_ for need in (*q.needs, *chain.from_iterable(q.instead))]
            asked = any(spelt(keys) == need or spelt(keys).startswith(f"{need}.") for need in needs)
            undecided = {q.at.split(".")[1] for q in rest.undecided if q.rule == rule and q.at.startswith("workloads.")}
            lost = blamed(whole, rule) - blamed(rest, rule)          # another fact may decide these as well
            assert asked or lost <= undecided, f"{rule} without {spelt(keys)}"


def parts_of(finding: Finding) -> set[tuple[str | int, ...]]:
    """The workloads, models and components that a finding shows, each with its section."""
    places = (finding.at, *(related.at for related in finding.related), *(step.at for step in finding.path))
    return {tuple(place.split(".")[:2]) for place in places}


def values(finding: Finding, name: str) -> list[float]:
    return [float(term.value) for term in finding.terms if term.name == name]


def value(finding: Finding, name: str) -> float:
    (found,) = set(values(finding, name))
    return found


def redone(finding: Finding) -> bool:
    """Whether the terms of a finding, calculated by hand, give the same verdict."""
    if finding.rule in {"SRV001", "SRV006"} and values(finding, "floor"):
        total = sum(values(finding, "model_time")) + sum(values(finding, "hop_time"))
        floor = value(finding, "floor")
        return isclose(total, floor, rel_tol=1e-9) and floor > value(finding, "objective")
    if finding.rule == "SRV002":
        return value(finding, "models") > 1
    if finding.rule == "SRV003" and values(finding, "freshness"):
        return run_time(finding) > value(finding, "freshness")
    if finding.rule == "SRV004":
        left_s = value(finding, "period") - value(finding, "run_time")
        saved = value(finding, "replicas") * left_s / 3600
        fits = value(finding, "run_time") <= value(finding, "period")
        return fits and isclose(saved, value(finding, "saved"), rel_tol=1e-9) and saved > 0
    if finding.rule == "SRV005" and values(finding, "slow"):
        return value(finding, "service_time") > value(finding, "slow")
    if finding.rule == "SRV005":
        ratio = value(finding, "objective") / value(finding, "timeout")
        return isclose(ratio, value(finding, "ratio")) and ratio > value(finding, "objective_over_timeout")
    if finding.rule == "SRV008":
        return age(finding) > value(finding, "freshness")
    if finding.rule == "OPS007" and values(finding, "tested"):
        return value(finding, "arriving") > value(finding, "tested")
    if finding.rule == "OPS007" and values(finding, "tested_p99"):
        return value(finding, "tested_p99") > value(finding, "objective")
    return True


def each(finding: Finding) -> float:
    return sum(values(finding, "service_time")) + sum(values(finding, "own_time"))


def slots(finding: Finding) -> float:
    batch = values(finding, "batch")
    return value(finding, "replicas") * value(finding, "workers") * (batch[0] if batch else 1)


def run_time(finding: Finding) -> float:
    stated = value(finding, "run_time")
    if values(finding, "records"):
        assert isclose(stated, value(finding, "records") * each(finding) / slots(finding), rel_tol=1e-9)
    return stated


PARTS = ("period", "run_time", "lag", "source_age", "ttl")
"""What adds up to the age of data in a store."""


def age(finding: Finding) -> float:
    if any(term.label == "maximum age of the data" for term in finding.terms):
        added = sum(sum(values(finding, name)) for name in PARTS)
        assert isclose(added, value(finding, "age"), rel_tol=1e-9)
        return added
    if values(finding, "ttl"):
        return value(finding, "ttl")
    if values(finding, "max_length"):
        worked = value(finding, "max_length") * each(finding) / slots(finding)
        assert isclose(worked, value(finding, "age"), rel_tol=1e-9)
        return worked
    run_s = run_time(finding) if values(finding, "run_time") else 0.0
    assert isclose(value(finding, "period") + run_s, value(finding, "age"), rel_tol=1e-9)
    return value(finding, "age")


@given(architectures())
@settings(max_examples=200)
def test_the_terms_of_a_finding_redo_its_verdict(tree: Tree) -> None:
    for finding in lint(tree).findings:
        assert redone(finding), finding.message


@pytest.mark.parametrize("path", OWN, ids=lambda path: f"{path.parent.name[:6]}-{path.stem}")
def test_the_terms_of_an_example_redo_its_verdict_and_are_described(path: Path) -> None:
    report = lint(parse(path.read_text(encoding="utf-8")))
    packs = {pack.id: pack for pack in linter().packs}
    assert report.findings
    for finding in report.findings:
        assert redone(finding), finding.message
        assert {term.name for term in finding.terms} <= set(packs[finding.rule].terms)


def test_every_described_term_is_used_by_some_example_or_system() -> None:
    """A condition on a term that no finding has would always fail; rare terms are listed here."""
    rare = {
        ("SRV002", "rate_of_all"),
        ("SRV002", "share_lost"),
        ("SRV003", "batch"),
        ("SRV003", "own_time"),
        ("SRV003", "start_time"),
        ("SRV004", "own_time"),
        ("SRV008", "batch"),
        ("SRV007", "own_time"),
        ("SRV007", "start_time"),
        ("SRV008", "own_time"),
        ("SRV010", "own_time"),
        ("SRV010", "possible"),
        ("SRV008", "start_time"),
        # Runs at a vendor's quota, and those of generated answers: tests/checks/test_srv_batch_outlasts_window.py
        *product(("SRV003", "SRV008"), ("visits", "tokens", "needed", "quota", "ttft", "tpot")),
        *product(("SRV007",), ("visits", "tokens", "ttft", "tpot")),
    }
    seen: set[tuple[str, str]] = set(rare)
    for path in OWN:
        for finding in lint(parse(path.read_text(encoding="utf-8"))).findings:
            seen |= {(finding.rule, term.name) for term in finding.terms}
    described = {(pack.id, term) for pack in linter().packs if pack.family in {"SRV", "OPS"} for term in pack.terms}
    assert described <= seen


@given(architectures())
@settings(max_examples=200)
def test_a_finding_says_what_it_is_about_in_one_sentence(tree: Tree) -> None:
    for finding in lint(tree).findings:
        assert re.fullmatch(r"[^\n]{20,400}[^.\s]", finding.message)
        assert finding.cures
