"""Comments that accept: `# archlint: accept SRV002 -- why`."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.acceptance.comments import comment_grants
from archlint.acceptance.grants import Grant
from archlint.model.architecture import Problem
from archlint.source.parser import parse
from tests.acceptance.help import SYSTEM, accepted_rules, lint, open_rules

LINE = "      - server\n"


def beside(comment: str, line: str = LINE) -> str:
    """The system with a comment at the end of the line with the finding."""
    return SYSTEM.replace(line, line.rstrip("\n") + f"  {comment}\n")


def above(*comments: str) -> str:
    """The system with lines before the line with the finding."""
    return SYSTEM.replace(LINE, "".join(f"{comment}\n" for comment in comments) + LINE)


@pytest.mark.parametrize(
    "text",
    [
        beside("# archlint: accept REL003 -- a pilot"),
        beside("# archlint: accept call-without-timeout -- a pilot"),
        beside("# archlint:Accept REL003 --a pilot"),
        beside("#archlint:  accept  REL003   --   a pilot  "),
        beside("# archlint: accept REL003 — a pilot"),
        beside("# see the wiki # archlint: accept REL003 -- a pilot"),
        above("      # archlint: accept REL003 -- a pilot"),
        above("# archlint: accept REL003 -- a pilot"),
        above("# archlint: accept REL003 -- a pilot", "", "      # the ranker", "   "),
        beside("# archlint: accept REL003 -- a pilot").replace("\n", "\r\n"),
        above("# archlint: accept REL003 -- a pilot").replace("\n", "\r\n"),
        above("# archlint: accept REL003 -- a pilot").replace("\n", "\r"),
    ],
)
def test_a_comment_beside_or_above_a_line_accepts_its_findings(text: str) -> None:
    report = lint(text)
    assert (open_rules(report), accepted_rules(report)) == ([], [("REL003", "a pilot")])


def test_several_rules_in_one_comment() -> None:
    text = beside("# archlint: accept REL003, OPS001 OPS002 -- a pilot")
    report = lint(text, "REL003", "OPS001", "OPS002")
    assert accepted_rules(report) == [("REL003", "a pilot")]
    unused = [finding.message for finding in report.findings if finding.rule == "DOC017"]
    assert unused == [
        "this accepts OPS001 here, but there is no such finding",
        "this accepts OPS002 here, but there is no such finding",
    ]


def test_several_comments_above_one_line() -> None:
    text = SYSTEM.replace(
        "  server:", "  # archlint: accept OPS001 -- one\n  # archlint: accept OPS002 -- two\n  server:"
    )
    report = lint(text + "described: all\n", "OPS001", "OPS002")
    assert sorted(accepted_rules(report)) == [("OPS001", "one"), ("OPS002", "two")]
    assert open_rules(report) == []


@pytest.mark.parametrize(
    "text",
    [
        SYSTEM.replace("    kind: service\n", "    kind: service  # archlint: accept REL003 -- a pilot\n"),
        SYSTEM.replace("  server: {", "  # archlint: accept REL003 -- a pilot\n  server: {"),
    ],
)
def test_a_comment_elsewhere_accepts_nothing_and_is_reported(text: str) -> None:
    report = lint(text)
    assert sorted(open_rules(report)) == ["DOC017", "REL003"]
    unused = next(finding for finding in report.findings if finding.rule == "DOC017")
    assert "# archlint: accept REL003" in text.splitlines()[unused.location.line - 1]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# archlint: accept REL003", "an accepted finding needs a reason"),
        ("# archlint: accept REL003 --", "an accepted finding needs a reason"),
        ("# archlint: accept REL003: a pilot", "an accepted finding needs a reason"),
        ("# archlint: accept REL003 - a pilot", "an accepted finding needs a reason"),
        ("# archlint: accept -- a pilot", "an accepted finding needs a rule"),
        ("# archlint: accept", "an accepted finding needs a rule"),
    ],
)
def test_without_rule_or_reason_it_accepts_nothing(comment: str, message: str) -> None:
    report = lint(beside(comment))
    assert sorted(open_rules(report)) == ["DOC006", "REL003"]
    finding = next(finding for finding in report.findings if finding.rule == "DOC006")
    rule = "REL003" if "REL003" in comment else "SRV002"
    assert (finding.message, finding.suggestion) == (message, f"write `# archlint: accept {rule} -- why`")
    assert (finding.location.line, finding.location.column) == (11, 17)


@pytest.mark.parametrize("word", ["ignore", "disable", "noqa", "Skip", "accepts"])
def test_words_of_other_tools_are_not_silently_nothing(word: str) -> None:
    report = lint(beside(f"# archlint: {word} REL003 -- a pilot"))
    assert sorted(open_rules(report)) == ["DOC008", "REL003"]
    finding = next(finding for finding in report.findings if finding.rule == "DOC008")
    assert finding.message == f"`archlint: {word}` is not a comment that archlint knows"


@pytest.mark.parametrize("comment", ["# ArchLint: Accept REL003 -- why", "#ARCHLINT:accept REL003 -- why"])
def test_capital_letters_do_not_matter(comment: str) -> None:
    assert open_rules(lint(beside(comment))) == []


@pytest.mark.parametrize("comment", ["# archlint accept REL003 -- why", "# Archlint accept REL003"])
def test_a_comment_without_its_colon_is_not_silently_nothing(comment: str) -> None:
    report = lint(beside(comment))
    assert sorted(open_rules(report)) == ["DOC008", "REL003"]
    finding = next(finding for finding in report.findings if finding.rule == "DOC008")
    assert (finding.message, finding.suggestion) == (
        "`archlint accept` is not a comment that archlint knows", "write `# archlint: accept REL003 -- why`"
    )  # fmt: skip


@pytest.mark.parametrize(
    "comment",
    ["# archlint: 1", "# archlint: see the guide", "# archlint accepts REL003 -- x", "# archlint: acceptance is at 3",
     "# archlint accept files only"],
)
def test_other_comments_are_left_alone(comment: str) -> None:
    assert open_rules(lint(beside(comment))) == ["REL003"]


@pytest.mark.parametrize(
    "text",
    [
        'system: "# archlint: accept REL003 -- not a comment"\n',
        "system: '# archlint: accept REL003 -- not a comment'\n",
        "description: |\n  some words\n  # archlint: accept REL003 -- not a comment\n",
        "description: >-\n  # archlint: accept REL003 -- not a comment\n",
        "description: a#archlint:accept REL003 -- not a comment\n",
        '"# archlint: accept REL003 -- not a comment": 1\n',
        'system: a\nsystem: "# archlint: accept REL003 -- not a comment"\n',
    ],
)
def test_inside_a_text_it_is_no_comment(text: str) -> None:
    assert list(comment_grants(parse("arch.yaml", "archlint: 1\n" + text))) == []


@pytest.mark.parametrize("text", [
    SYSTEM.replace("  api:\n", "  # archlint: accept REL003 -- a pilot\n  api:\n"),
    SYSTEM.replace("  api:\n", "  api:  # archlint: accept REL003 -- a pilot\n"),
    SYSTEM.replace("  api:\n", "  # archlint: accept call-without-timeout -- a pilot\n\n  # the api\n  api:\n"),
    SYSTEM.replace("  api:\n", "  # archlint: accept REL003 -- a pilot\n  ? api\n  :\n"),
    SYSTEM.replace("  api:\n", "  # archlint: accept REL003 -- a pilot\n  'a.pi':\n").replace("{to: api,", "{to: a.pi,"),
])  # fmt: skip
def test_a_comment_at_a_component_accepts_findings_anywhere_in_it(text: str) -> None:
    report = lint(text)
    assert (open_rules(report), accepted_rules(report)) == ([], [("REL003", "a pilot")])


def test_a_comment_at_a_workload_or_a_model_accepts_findings_anywhere_in_it() -> None:
    text = SYSTEM.replace("models:\n  ranker: {service_time: 10ms}", "models:\n  ranker:\n    service_time: 900ms")
    text = text.replace("  find: {", "  find:\n    {").replace("{models: [ranker], waits", "{waits")
    text = text.replace("slo:", "waits: true, inputs: on-request, slo:")
    (finding,) = [f for f in lint(text, "SRV001").findings if f.rule == "SRV001"]
    key = "  ranker:\n" if finding.at.startswith("models.") else "  find:\n"
    accepted = lint(text.replace(key, f"{key.rstrip()}  # archlint: accept SRV001 -- a pilot\n"), "SRV001")
    assert accepted_rules(accepted) == [("SRV001", "a pilot")]


def test_a_line_with_several_components_is_only_a_line() -> None:
    line = "components: {page: {kind: client, calls: [api]}, api: {kind: service, calls: [server]}, server: {kind: model-server, serves: [ranker]}}"
    text = SYSTEM.partition("components:")[0] + line + "  # archlint: accept REL003 -- all of this line\n"
    report = lint(text)
    assert "REL003" not in open_rules(report)
    assert all(grant.part is None for grant in comment_grants(parse("arch.yaml", text)) if isinstance(grant, Grant))


def test_a_comment_on_a_part_that_comes_from_an_anchor_covers_that_line_only() -> None:
    text = "archlint: 1\nx-parts: &parts\n  # archlint: accept REL003 -- a pilot\n  api: {kind: service}\ncomponents:\n  <<: *parts\n"
    (grant,) = comment_grants(parse("arch.yaml", text))
    assert isinstance(grant, Grant)
    assert (grant.line, grant.part) == (4, None)


@pytest.mark.parametrize(("comment_at", "rule", "suggestion"), [
    ("  server:", "REL003", "REL003 is found on line 12: move the comment there"),
    ("  server:", "call-without-timeout", "call-without-timeout is found on line 12: move the comment there"),
    ("  server:", "REL007", "remove it"),
])  # fmt: skip
def test_a_comment_that_accepts_nothing_names_the_line_of_the_finding(comment_at: str, rule: str, suggestion: str) -> None:
    text = "# a first line\n" + SYSTEM.replace(comment_at, f"  # archlint: accept {rule} -- a pilot\n{comment_at}")
    report = lint(text, "REL003", "REL007")
    (unused,) = [finding for finding in report.findings if finding.rule == "DOC017"]
    assert unused.suggestion == suggestion


def test_a_comment_speaks_of_its_own_file_only(tmp_path: Path) -> None:
    head, _, parts = SYSTEM.partition("components:")
    (tmp_path / "parts.yaml").write_text(
        "components:" + parts.replace("- server", "- server  # archlint: accept REL003 -- a pilot")
    )
    report = lint(head + "include: parts.yaml\n", path=tmp_path / "arch.yaml")
    assert (open_rules(report), accepted_rules(report)) == ([], [("REL003", "a pilot")])
    (tmp_path / "parts.yaml").write_text("\n" * 7 + "components:" + parts)
    main = head + "include: parts.yaml\n" + "#\n" * 10 + "# archlint: accept REL003 -- elsewhere\n"
    assert "REL003" in open_rules(lint(main, path=tmp_path / "arch.yaml"))


def test_the_identity_of_an_unused_comment_is_not_its_line() -> None:
    def fingerprint(text: str) -> str:
        return next(f.fingerprint for f in lint(text, "REL003", "REL007").findings if f.rule == "DOC017")

    text = beside("# archlint: accept REL007 -- a pilot")
    assert fingerprint(text) == fingerprint("# a new first line\n\n" + text)


def test_hostile_comments_take_no_time() -> None:
    long = "# archlint: accept " + " " * 200_000 + "x\n" + "# archlint: accept A1 -- b\n" * 20_000 + "a: '#'\n" * 2
    grants = list(comment_grants(parse("arch.yaml", "archlint: 1\n" + long)))
    assert {type(grant) for grant in grants} == {Grant, Problem}
    assert {grant.line for grant in grants if isinstance(grant, Grant)} == {20_003}


def test_what_is_no_rule_before_the_reason_accepts_nothing() -> None:
    text = "archlint: 1\nsystem: x  # archlint: accept SRV002 until 2020-01-01 -- b\n"
    (problem,) = comment_grants(parse("arch.yaml", text))
    assert isinstance(problem, Problem)
    assert "`until` is not a rule" in problem.message
