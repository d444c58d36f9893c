"""The examples: archlint reports exactly the findings that each example marks."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from pathlib import Path
from random import Random

import pytest

import archlint
from archlint import Config, FileReport, Severity
from archlint.analysis.patterns import recognise
from archlint.api import check_targets
from archlint.linter import Linter, Options
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.files import read_document
from archlint.source.parser import parse as parse_document
from tests.conftest import ROOT
from tests.examples.stripping import Path as Keys
from tests.examples.stripping import dump, parse, spelt, unknown_when_absent, without

EXAMPLES = ROOT / "examples"
PASSING = sorted((EXAMPLES / "passing").glob("*.yaml"))
FAILING = sorted((EXAMPLES / "failing").glob("*.yaml"))
TODAY = frozenset({"code-completion", "gateway-to-vendors", "semantic-search", "support-assistant", "voice-chat-moderation"})
"""Systems with more parts than fit into 80 lines: today's, as their teams draw them."""
MOST_TRIED = 30
_EXPECT = re.compile(r"# expect: ([A-Z0-9 ]+)$")

NEEDED: dict[str, set[str]] = {
    "all-in-one": set(),        # structure alone: which models share a server, and who runs them
    "answer-without-a-limit": {"workloads.ask.tokens", "workloads.ask.tokens.out"},
    "answers-kept-for-a-month": {"components.gateway.reads[1].ttl"},
    "attributes-by-noon": {"components.enrich.run_time"},
    "batch-for-live-need": {"workloads.authorise-payment.inputs"},
    "broken-clips-come-back": set(),
    "cheapest-vendor-only": set(),
    "correction-without-a-limit": {
        "workloads.correct-sentence.tokens",
        "workloads.correct-sentence.tokens.out",
    },
    "decode-on-small-cards": set(),
    "default-route-timeout": {
        "models.llama-70b.tpot",
        "models.llama-70b.ttft",
        "workloads.ask-about-contract.stream",
        "workloads.ask-about-contract.tokens",
        "workloads.ask-about-contract.tokens.out",
    },
    "enrichment-on-saturdays": {"components.enrich.schedule"},
    "fallback-that-never-starts": set(),
    "far-accelerators": {
        "components.proxy-asia.calls[0].network",
        "models.coder.ttft",
    },
    "guardrail-that-can-be-skipped": {
        "components.assistant.calls[0].fails",
        "components.edge.exposed",
    },
    "index-in-one-zone": {"components.index.zones"},
    "larger-model-on-the-device": {
        "components.on-device.hardware",
        "components.on-device.hardware.gpu",
        "models.corrector-1b.parameters",
        "models.corrector-1b.precision",
        "workloads.correct-sentence.tokens",
        "workloads.correct-sentence.tokens.out",
    },
    "larger-writer": set(),     # without the measured time, the bandwidth of the accelerators proves it
    "no-segment-is-dropped": {
        "components.listener.replicas",
        "components.listener.replicas.max",
        "components.segments.max_length",
        "models.voice-safety.service_time",
    },
    "one-broker": set(),
    "one-counter-for-all-quotas": {"components.quotas.replicas"},
    "online-bigsize": {"models.nllb-3b.service_time"},
    "online-for-nightly-need": {
        "workloads.open-home-screen.inputs",
        "workloads.open-home-screen.distinct",
        "models.film-ranker.service_time",
        "components.film-server.replicas",
    },
    "page-waits-on-queue": {"workloads.upload-photo.waits"},
    "prefill-on-older-cards": set(),
    "queries-by-the-next-version": set(),     # without `index_of`, its writers say which model it is
    "relay-calls-the-models": {
        "workloads.speak.inputs",
        "workloads.speak.waits",
    },
    "reviews-in-memory": {"components.unclear.uses"},
    "single-balancer": {"components.balancer.replicas"},
    "speech-waits-for-a-verdict": {
        "models.whisper-turbo.service_time",
        "workloads.speak.waits",
    },
    "stream-within-three-seconds": set(),
    "vectors-by-the-month": {"components.rebuild.run_time"},
    "weights-from-a-hub": set(),
    "proxy-that-buffers": {"workloads.complete.stream"},
    "weights-from-a-public-hub": set(),
}
"""For each failing example, the facts without which the verdict is undecided."""


def _name(path: Path) -> str:
    return path.stem


@cache
def _linter(rules: tuple[str, ...] = ()) -> Linter:
    """The shipped rules only, or some of them, without any configuration near the project."""
    return Linter(Config(EXAMPLES), Options(select=rules))


def _check(text_or_path: str | Path, rules: tuple[str, ...] = ()) -> FileReport:
    if isinstance(text_or_path, Path):
        return _linter(rules).lint(read_document(text_or_path), text_or_path)[0]
    return _linter(rules).lint(parse_document("stripped.yaml", text_or_path), None)[0]


def _expected(path: Path) -> set[tuple[int, str]]:
    found = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = _EXPECT.search(line)
        if match:
            found |= {(number, rule) for rule in match[1].split()}
    return found


def test_there_are_examples_and_the_needs_of_each_failing_one_are_listed() -> None:
    assert PASSING
    assert {path.stem for path in FAILING} == set(NEEDED)


@pytest.mark.parametrize("path", FAILING, ids=_name)
def test_a_failing_example_is_found_at_the_marked_lines_and_nowhere_else(path: Path) -> None:
    expected = _expected(path)
    report = _check(path)
    assert expected
    assert {(finding.location.line, finding.rule) for finding in report.findings} == expected


@pytest.mark.parametrize("path", PASSING, ids=_name)
def test_a_passing_example_is_clean_at_every_level(path: Path) -> None:
    assert [(f.rule, f.at, f.message) for f in _check(path).findings] == []


@pytest.mark.parametrize("path", [*PASSING, *FAILING], ids=_name)
def test_an_example_says_enough_for_every_rule(path: Path) -> None:
    assert [(question.rule, question.at, question.needs) for question in _check(path).undecided] == []


def _verdicts(report: FileReport, rule: str) -> tuple[set[str], set[str]]:
    """Where a rule is violated, and the keys that it needs where it is undecided."""
    hits = {finding.at for finding in report.findings if finding.rule == rule}
    asked = [question for question in report.undecided if question.rule == rule]
    needs = {key for question in asked for key in (*question.needs, *chain(*question.instead))}
    return hits, needs


def _without(path: Path, keys: Keys, rules: tuple[str, ...] = ()) -> FileReport:
    return _check(dump(without(parse(path.read_text(encoding="utf-8")), keys)), rules)


def _tried(path: Path) -> list[Keys]:
    """The facts of an example to remove: of many, those that are needed and a part of the others, drawn by its name."""
    facts = list(unknown_when_absent(parse(path.read_text(encoding="utf-8"))))
    needed = [keys for keys in facts if spelt(keys) in NEEDED[path.stem]]
    others = [keys for keys in facts if spelt(keys) not in NEEDED[path.stem]]
    return [*needed, *Random(path.stem).sample(others, min(len(others), MOST_TRIED))]


@pytest.mark.parametrize("path", FAILING, ids=_name)
def test_without_a_fact_that_it_rests_on_a_finding_turns_undecided_and_names_the_fact(path: Path) -> None:
    rules = tuple(sorted({rule for _, rule in _expected(path)}))
    decisive = set()
    for keys in _tried(path):
        report = _without(path, keys, rules)
        for rule in rules:
            hits, needs = _verdicts(report, rule)
            if not hits:
                assert needs, f"without {spelt(keys)}, {rule} is taken for satisfied"
                named = any(spelt(keys) == key or spelt(keys).startswith(f"{key}.") for key in needs)
                assert named, f"without {spelt(keys)}, {rule} asks for {needs}"
                decisive.add(spelt(keys))
    assert decisive == NEEDED[path.stem]


@pytest.mark.parametrize("path", PASSING, ids=_name)
def test_without_any_unknown_fact_a_passing_example_is_never_blamed(path: Path) -> None:
    for keys in unknown_when_absent(parse(path.read_text(encoding="utf-8"))):
        blamed = [
            (f.rule, f.at) for f in _without(path, keys).findings if Severity(f.severity) is not Severity.INFO
        ]
        assert blamed == [], f"without {spelt(keys)}"


@pytest.mark.parametrize("path", [*PASSING, *FAILING], ids=_name)
def test_the_printed_form_of_an_example_means_the_same(path: Path) -> None:
    """The base of the laws above: removing nothing changes nothing."""
    text = path.read_text(encoding="utf-8")
    again = _check(dump(parse(text)))
    assert [(f.rule, f.at) for f in again.findings] == [(f.rule, f.at) for f in _check(path).findings]


@pytest.mark.parametrize("path", [*PASSING, *FAILING], ids=_name)
def test_the_committed_output_is_current(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = path.with_suffix(".txt")
    if not committed.is_file():
        pytest.skip("not written yet: python docs/generate.py")
    monkeypatch.chdir(ROOT)
    report = check_targets([path.relative_to(ROOT)], Options())
    assert render_text(report, TextOptions(width=100)) == committed.read_text(encoding="utf-8")


def _passing_twin(path: Path) -> str:
    """The passing example that a failing one says it is derived from; itself for a passing one."""
    if path in PASSING:
        return path.stem
    twin = re.search(r"passing/([a-z-]+)\.yaml", path.read_text(encoding="utf-8"))
    assert twin
    return twin[1]


@pytest.mark.parametrize("path", [*PASSING, *FAILING], ids=_name)
def test_an_example_can_be_read_in_one_go(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines[: lines.index("archlint: 1")] if line]
    assert 25 <= len(lines) <= (130 if _passing_twin(path) in TODAY else 80)
    assert all(line.startswith("#") for line in head)
    assert any(line.startswith("# What it shows: ") for line in head)
    assert all(len(line) <= 100 or "https://" in line for line in lines)


@pytest.mark.parametrize("path", PASSING, ids=_name)
def test_a_passing_example_names_its_sources_and_what_is_assumed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^#   https://\S+$", text, re.MULTILINE)
    assert re.search(r"^# Assumed", text, re.MULTILINE)


@pytest.mark.parametrize("path", FAILING, ids=_name)
def test_a_failing_example_names_the_passing_one_it_is_derived_from(path: Path) -> None:
    assert EXAMPLES / "passing" / f"{_passing_twin(path)}.yaml" in PASSING


def _rows() -> dict[str, list[str]]:
    """The rows of the tables in the examples' README, by the example that they link."""
    found = {}
    for line in (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines():
        link = re.match(r"\| \[[^]]+\]\(((?:passing|failing)/[a-z-]+\.yaml)\) \|", line)
        if link:
            found[link[1]] = [cell.strip() for cell in line.strip("| ").split(" | ")]
    return found


def test_the_readme_has_a_row_for_each_example() -> None:
    assert set(_rows()) == {str(path.relative_to(EXAMPLES).as_posix()) for path in (*PASSING, *FAILING)}


@pytest.mark.parametrize("path", PASSING, ids=_name)
def test_the_readme_names_patterns_that_are_recognised(path: Path) -> None:
    told = set(re.findall(r"`([a-z-]+)`", _rows()[f"passing/{path.name}"][2]))
    assert told
    assert told <= {found.pattern for found in recognise(archlint.load(path))}


@pytest.mark.parametrize("path", FAILING, ids=_name)
def test_the_readme_says_which_rule_fires_at_which_line(path: Path) -> None:
    row = " ".join(_rows()[f"failing/{path.name}"])
    for line, rule in _expected(path):
        assert re.search(rf"\b{rule}\b", row)
        assert re.search(rf"line {line}\b", row)
