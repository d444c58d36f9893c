"""Laws of every shipped rule: this file also tests new rules, without a change."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import click
import msgspec
import pytest

from archlint.catalog.patterns import patterns
from archlint.cli.app import app
from archlint.engine import lint as run_rules
from archlint.errors import UnreadableInputError
from archlint.packs import Pack, bind
from archlint.packs.index import FILE
from archlint.packs.reading import FOLDER_NAME
from archlint.report.pages import rule_page
from archlint.source.files import read_document
from archlint.verdicts import FileReport, Severity
from tests.rules.examples import LINTER, PACKS, ROOT, Example, examples, fired, lint, marks, name_of
from tests.rules.places import stands_in

BAD, GOOD, ALL = examples("bad"), examples("good"), examples("bad", "good")
RETIRED = Path(__file__).with_name("retired.txt")
LEVELS = {
    "SRV": {"error", "warning"}, "REL": {"error", "warning"}, "CAP": {"error", "warning"}, "SEC": {"error", "warning"},
    "DEP": {"error", "warning", "info"}, "OPS": {"warning", "info"}, "TRN": {"warning", "info"}, "DOC": {"error", "warning", "info"},
}  # fmt: skip

every_pack = pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
every_pack_about_architectures = pytest.mark.parametrize(
    "pack", [pack for pack in PACKS if not pack.is_deployment], ids=lambda pack: pack.id
)
"""The examples of the others are deployment files: see test_manifests.py."""
every_bad = pytest.mark.parametrize("example", BAD, ids=name_of)
every_good = pytest.mark.parametrize("example", GOOD, ids=name_of)
every_example = pytest.mark.parametrize("example", ALL, ids=name_of)


MOST_CHARACTERS = 800
"""Of one paragraph, so that a page can be read once and understood."""


def _sentence(text: str) -> bool:
    return text.endswith((".", "?")) and "\n" not in text.strip()


# --- folders


def test_ids_and_names_are_unique() -> None:
    twice = [word for word, n in Counter(w for p in PACKS for w in (p.id, p.name)).items() if n > 1]
    assert not twice


def test_ids_of_retired_rules_are_never_used_again() -> None:
    retired = {line.split()[0] for line in RETIRED.read_text().splitlines() if line and not line.startswith("#")}
    assert all(FOLDER_NAME.fullmatch(f"{rule}-x") for rule in retired)
    assert not retired & {pack.id for pack in PACKS}


def test_every_folder_of_rules_is_a_rule() -> None:
    folders = {path.name for path in (ROOT / "rules").iterdir() if path.is_dir()}
    assert folders == {f"{pack.id}-{pack.name}" for pack in PACKS}


@every_pack_about_architectures
def test_the_folder_holds_the_rule_and_its_examples(pack: Pack) -> None:
    assert FOLDER_NAME.fullmatch(pack.folder.name)
    names = {path.name for path in pack.folder.glob("*.yaml")}
    shown = {path.name for kind in ("bad", "good") for path in pack.examples(kind)}
    included = {Path(name).name for path in pack.folder.glob("*.yaml") for name in _included_by(path)}
    assert "rule.yaml" in names
    assert names - {"rule.yaml"} <= shown | included, "a file that is neither an example nor part of one"
    assert min(len(pack.examples("bad")), len(pack.examples("good"))) >= 2


def _included_by(path: Path) -> list[str]:
    if path.name == "rule.yaml" or "include:" not in path.read_text():
        return []
    document = read_document(path)
    try:
        return list(LINTER.lint(document, path)[0].sources)
    except UnreadableInputError:
        return []


# --- the texts of a rule


@every_pack
def test_texts_are_complete(pack: Pack) -> None:
    assert pack.title and not pack.title.endswith(".") and "\n" not in pack.title
    paragraphs = [*pack.what.split("\n"), *pack.why.split("\n")]
    for text in (pack.summary, *paragraphs, pack.place, pack.fix):
        assert _sentence(text), f"not a sentence: {text!r}"
    assert max(map(len, paragraphs)) <= MOST_CHARACTERS, "separate the paragraphs by an empty line"
    assert pack.status in {"stable", "preview"}


@every_pack
def test_its_page_marks_the_lines_that_it_speaks_of_and_names_commands_that_exist(pack: Pack) -> None:
    page = rule_page(pack)
    example = page.partition("\n## Example\n")[2].partition("\n## ")[0]
    count = example.count("# <- ")
    assert count and f"The marked {'line is' if count == 1 else 'lines are'} reported:" in example
    root = click.Context(app)
    for words in map(str, re.findall(r"`archlint ([^`]+)`", page)):
        first, second, *_ = [*words.split(), "", ""]
        command = app.get_command(root, first)
        assert command is not None, words
        assert not isinstance(command, click.Group) or second in command.commands, words


@every_pack
def test_the_check_binds_and_its_parameters_are_typed_and_described(pack: Pack) -> None:
    rule = bind(pack)
    fields = {field.name: field.type for field in msgspec.structs.fields(type(rule.params))}
    assert set(pack.params) == set(fields), "the rule describes every parameter of its check, and no other"
    for name, param in pack.params.items():
        value = getattr(rule.params, name)
        assert isinstance(value, fields[name]) or (fields[name] is float and isinstance(value, int))
        assert param.reason, f"why is `{name}` {param.text}?"


@every_pack_about_architectures
def test_fixes_name_patterns_and_claims_have_sources(pack: Pack) -> None:
    if pack.family == "DOC":
        assert not pack.cures
        return
    assert pack.cures
    for cure in pack.cures:
        assert cure.pattern in patterns()
        assert _sentence(cure.text), f"not a sentence: {cure.text!r}"
        assert cure.when and not cure.when.endswith(".")
    assert len({cure.pattern for cure in pack.cures}) == len(pack.cures)
    assert pack.sources
    for source in pack.sources:
        assert source.title
        assert source.url.startswith("https://")


@every_pack
def test_the_level_is_one_of_its_family(pack: Pack) -> None:
    assert pack.severity.value in LEVELS[pack.family]


# --- the findings of a rule


@every_bad
def test_a_bad_example_fires_exactly_where_it_says(example: Example) -> None:
    report = lint(example)
    expected = marks(report)
    assert any(rule == example.pack.id for _, _, rule in expected), "it marks no line for its own rule"
    assert fired(report) == expected, _shown(report)


@every_good
def test_a_good_example_is_clean_under_every_rule(example: Example) -> None:
    report = lint(example)
    assert not marks(report)
    assert not report.findings, _shown(report)
    if "undecided" not in example.path.name:
        own = [question for question in report.undecided if question.rule == example.pack.id]
        assert not own, "its own rule cannot tell"


@every_example
def test_an_example_says_what_it_shows(example: Example) -> None:
    first = example.text.splitlines()[0]
    assert first.startswith("# ")
    assert "expect:" not in first


@every_pack_about_architectures
def test_a_good_example_is_a_near_miss(pack: Pack) -> None:
    firsts = [path.read_text().splitlines()[0] for path in pack.examples("good")]
    assert any("near miss" in line.lower() for line in firsts)


@every_pack
def test_terms_are_those_that_the_rule_describes(pack: Pack) -> None:
    shown = {
        term.name
        for example in BAD if example.pack is pack
        for finding in lint(example).findings if finding.rule == pack.id
        for term in finding.terms
    }  # fmt: skip
    assert shown <= set(pack.terms), "a term that `terms` does not describe"
    assert set(pack.terms) <= shown | _words_in_code(), "a term that no check yields"
    assert all(meaning and not meaning.endswith(".") for meaning in pack.terms.values())


@cache
def _words_in_code() -> set[str]:
    """Every text constant of the checks and the analyses: the names of all terms are among them."""
    sources = [path for room in ("checks", "analysis") for path in (ROOT / "archlint" / room).glob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


@every_bad
def test_findings_are_well_formed(example: Example) -> None:
    report = lint(example)
    by_id = {pack.id: pack for pack in PACKS}
    for finding in report.findings:
        message = finding.message
        assert message and "\n" not in message and not message.endswith(".")
        assert not message[0].isspace() and "  " not in message
        assert Severity(finding.severity).rank <= by_id[finding.rule].severity.rank
        assert finding.name == by_id[finding.rule].name
        assert {cure.pattern for cure in finding.cures} <= {cure.pattern for cure in by_id[finding.rule].cures}
        documents = report.sources.values()
        assert any(stands_in(finding.at, document) for document in documents), finding.at
        assert finding.location.file in report.sources


@every_bad
def test_fingerprints_are_unique_and_survive_lines_and_comments(example: Example) -> None:
    before = lint(example).findings
    prints = [finding.fingerprint for finding in before]
    assert len(set(prints)) == len(prints)
    moved = lint(example, f"# moved down\n\n# by a comment\n{example.text}\n\n# and followed by one\n").findings
    own = {f.fingerprint for f in before if f.location.file == str(example.path)}
    assert {f.fingerprint for f in moved if f.location.file == str(example.path)} == own


@every_example
def test_the_order_of_components_changes_nothing(example: Example) -> None:
    system, _ = LINTER.system(read_document(example.path), example.path)
    turned = dict(reversed(system.components.items()))
    architecture = msgspec.structs.replace(system.architecture, components=turned)
    rules = LINTER.rules(example.path)
    first = run_rules(system, rules, LINTER.today, LINTER.known)
    second = run_rules(type(system)(architecture, LINTER.technologies), rules, LINTER.today, LINTER.known)
    assert _said(first) == _said(second)


def _said(report: FileReport) -> set[tuple[str, str, str, str]]:
    return {(f.rule, f.at, f.message, f.fingerprint) for f in report.findings}


@every_bad
def test_no_line_is_so_needed_that_a_check_breaks_without_it(example: Example) -> None:
    lines = example.text.splitlines(keepends=True)
    for number in range(len(lines)):
        try:
            report = lint(example, "".join(lines[:number] + lines[number + 1 :]))
        except UnreadableInputError:
            continue
        assert all(finding.message for finding in report.findings)


def _shown(report: FileReport) -> str:
    return "\n".join(f"{f.location.line}: {f.rule} {f.at}: {f.message}" for f in report.findings)


@every_pack
def test_advice_names_patterns_and_no_file_of_this_project(pack: Pack) -> None:
    """Users have archlint, but not its repository."""
    texts = [pack.title, pack.summary, pack.what, pack.why, pack.fix, *(f"{cure.text} {cure.when}" for cure in pack.cures)]
    own = {path.name for path in ROOT.iterdir() if path.is_dir()}
    named = {word for text in texts for word in re.findall(r"\b([\w-]+)/[\w./-]+", text)}
    assert not named & own


def test_the_index_is_small() -> None:
    assert (ROOT / "rules" / FILE).stat().st_size < 50_000, "it is read at every start"
