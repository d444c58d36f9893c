"""Entries under `accept:`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.acceptance.patterns import Patterns, fits
from archlint.source.parser import parse
from tests.acceptance.help import REL003_AT, SYSTEM, TODAY, accepted_rules, lint, open_rules


def entry(text: str) -> str:
    return f"{SYSTEM}accept:\n  - {{{text}}}\n"


@pytest.mark.parametrize(
    "text",
    [
        "rule: REL003, reason: pilot",
        "rule: call-without-timeout, reason: pilot",
        f"rule: REL003, at: '{REL003_AT}', reason: pilot",
        "rule: REL003, at: components.api.calls, reason: pilot",
        "rule: REL003, at: components.api, reason: pilot",
        "rule: REL003, at: components, reason: pilot",
        "rule: REL003, at: components.*, reason: pilot",
        "rule: REL003, at: components.*.calls, reason: pilot",
        "rule: REL003, at: 'components.a*.calls[*]', reason: pilot",
        "rule: REL003, at: '*', reason: pilot",
        f"rule: REL003, reason: pilot, until: '{TODAY}'",
    ],
)
def test_a_finding_is_accepted_and_kept_with_its_reason(text: str) -> None:
    report = lint(entry(text))
    assert open_rules(report) == []
    assert accepted_rules(report) == [("REL003", "pilot")]


@pytest.mark.parametrize(
    "at",
    [
        "components.ap",
        "components.api.call",
        "components.apis",
        "components.server",
        "omponents.api",
        "components.*.reads",
        "'[*]'",
    ],
)
def test_another_place_is_not_meant(at: str) -> None:
    report = lint(entry(f"rule: REL003, at: {at}, reason: pilot"))
    assert sorted(open_rules(report)) == ["DOC017", "REL003"]
    unused = next(finding for finding in report.findings if finding.rule == "DOC017")
    assert unused.message == f"this accepts REL003 at {at.strip(chr(39))}, but there is no such finding"


def test_what_ends_is_open_again_and_says_so() -> None:
    report = lint(entry("rule: REL003, reason: pilot, until: 2026-11-21"))
    assert open_rules(report) == ["REL003"]
    note = report.findings[0].related[-1]
    assert (note.at, note.location.line) == ("accept[0]", 14)
    assert note.message == "accepted until 2026-11-21, which has passed: the finding is open again"


def test_the_day_itself_still_counts() -> None:
    assert open_rules(lint(entry("rule: REL003, reason: pilot, until: 2026-11-22"), today="2026-11-22")) == []
    assert open_rules(lint(entry("rule: REL003, reason: pilot, until: 2026-11-22"), today="2026-11-23")) == ["REL003"]


def test_where_one_acceptance_has_ended_another_may_hold() -> None:
    text = (
        entry("rule: REL003, reason: old, until: 2020-01-01") + "  - {rule: REL003, at: components.api, reason: new}\n"
    )
    report = lint(text)
    assert (open_rules(report), accepted_rules(report)) == ([], [("REL003", "new")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rule: REL003", "an accepted finding needs `reason`"),
        ("rule: REL003, reason: ''", "the acceptance of REL003 has an empty reason"),
        ("rule: REL003, reason: '  '", "the acceptance of REL003 has an empty reason"),
        ("reason: pilot", "an accepted finding needs `rule`"),
    ],
)
def test_a_reason_and_a_rule_are_required(text: str, message: str) -> None:
    report = lint(entry(text))
    assert sorted(open_rules(report)) == ["DOC006", "REL003"]
    missing = next(finding for finding in report.findings if finding.rule == "DOC006")
    assert missing.message.startswith(message)
    assert missing.location.line == 14


@given(st.lists(st.text("ab.", max_size=3), min_size=2, max_size=5), st.text("ab.", max_size=10))
def test_a_star_stands_for_any_run_of_characters(parts: list[str], text: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, parts)), text) is not None
    assert fits(parts, text) is expected
    patterns = Patterns()
    patterns.add(7, "*".join(parts))
    assert patterns.matching(text) >= ({7} if expected else set())


def test_many_stars_take_no_time() -> None:
    assert not fits(("a*" * 2000 + "b").split("*"), "a" * 4000)


def test_many_entries_with_stars_are_found_by_their_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def counted(parts: list[str], text: str) -> bool:
        tried.append(text)
        return fits(parts, text)

    monkeypatch.setattr("archlint.acceptance.patterns.fits", counted)
    patterns = Patterns()
    for number in range(1000):
        patterns.add(number, f"components.c*-{number}")
    assert patterns.matching("components.cache-77.replicas") == {77}
    assert tried == ["components.cache-77"]


# --- unused


def test_what_accepts_nothing_is_reported() -> None:
    fixed = entry("rule: REL003, at: components.api, reason: pilot").replace(
        "- server", "- {to: server, timeout: 80ms}"
    )
    report = lint(fixed)
    assert open_rules(report) == ["DOC017"]
    finding = report.findings[0]
    assert (finding.location.line, finding.at, finding.suggestion) == (14, "accept[0]", "remove it")


@pytest.mark.parametrize(
    ("rule", "suggestion"),
    [
        ("REL003x", "did you mean `REL003`?"),
        ("call-without-timeuot", "did you mean `call-without-timeout`?"),
        ("zzz", "see `archlint rules`"),
    ],
)
def test_a_rule_that_does_not_exist_is_reported_with_the_nearest(rule: str, suggestion: str) -> None:
    report = lint(entry(f"rule: {rule}, reason: pilot"))
    finding = next(finding for finding in report.findings if finding.rule == "DOC017")
    assert finding.message == f"this accepts {rule}, but there is no such rule"
    assert finding.suggestion.startswith(suggestion)


def test_of_a_rule_that_does_not_run_nobody_can_say_whether_it_is_used() -> None:
    text = entry("rule: OPS003, reason: pilot").rstrip() + "\ndescribed: [owners]\n"
    assert open_rules(lint(text)) == ["REL003"]
    assert accepted_rules(lint(text, "OPS003")) == [("OPS003", "pilot")]


def test_beside_what_cannot_be_read_nobody_can_say_either() -> None:
    text = entry("rule: REL007, reason: pilot").replace("kind: service", "kind: srevice")
    assert "DOC017" not in open_rules(lint(text, "REL003", "REL007"))


def test_where_the_rule_is_undecided_nobody_can_say_either() -> None:
    text = entry("rule: REL001, at: components.server, reason: pilot")
    report = lint(text, "REL001")
    assert "components.server" in {question.at for question in report.undecided}
    assert "DOC017" not in open_rules(report)
    decided = text.replace("serves: [ranker]", "serves: [ranker], replicas: 2, zones: [a, b]")
    assert "DOC017" in open_rules(lint(decided, "REL001"))


def test_two_that_cover_one_finding_are_both_used() -> None:
    text = entry("rule: REL003, reason: pilot") + "  - {rule: REL003, at: components.api, reason: pilot too}\n"
    report = lint(text)
    assert (open_rules(report), accepted_rules(report)) == ([], [("REL003", "pilot")])


def test_an_audit_takes_nothing_as_accepted() -> None:
    report = lint(entry("rule: REL003, reason: pilot") + "  - {rule: REL007, reason: unused}\n", accept=False)
    assert (open_rules(report), report.accepted) == (["REL003"], ())


def test_the_identity_of_an_unused_acceptance_is_what_it_accepts() -> None:
    first, second = "rule: REL007, at: components.api, reason: a", "rule: REL009, reason: b"

    def identities(*entries: str) -> dict[str, str]:
        text = f"{SYSTEM}accept:\n" + "".join(f"  - {{{e}}}\n" for e in entries)
        report = lint(text, "REL003", "REL007", "REL009")
        return {f.message: f.fingerprint for f in report.findings if f.rule == "DOC017"}

    assert identities(first, second) == identities(second, first)
    assert len(set(identities(first, second).values())) == 2


@pytest.mark.parametrize(("at", "suggestion"), [
    ("components.apo", "did you mean `components.api`?"),
    ("components.apo.calls[0]", "did you mean `components.api.calls[0]`?"),
    ("component.api", "did you mean `components.api`?"),
    ("components.server", "REL003 is found on line 11: write `at: components.api.calls[0]`"),
    ("components.api.zones", "REL003 is found on line 11: write `at: components.api.calls[0]`"),
    ("models.rankr", "did you mean `models.ranker`?"),
    ("components.pg*", "REL003 is found on line 11: write `at: components.api.calls[0]`"),
])  # fmt: skip
def test_an_entry_that_accepts_nothing_names_the_nearest_place(at: str, suggestion: str) -> None:
    report = lint(entry(f"rule: REL003, at: '{at}', reason: pilot"))
    (unused,) = [finding for finding in report.findings if finding.rule == "DOC017"]
    assert unused.suggestion == suggestion


# --- bounds


@pytest.mark.parametrize(
    ("bound", "holds"),
    [
        ("objective >= 300ms", True), ("objective < 1s", True), ("objective == 0.3s", True),
        ("objective <= 300ms", True), ("objective > 300ms", False), ("objective < 100ms", False), ("calls <= 1", True),
        ("calls < 1", False),
    ],
)  # fmt: skip
def test_a_bound_holds_the_finding_while_it_is_true(bound: str, holds: bool) -> None:
    report = lint(entry(f"rule: REL003, reason: pilot, while: {bound}"))
    assert open_rules(report) == ([] if holds else ["REL003"])
    if not holds:
        name = bound.split(maxsplit=1)[0]
        shown = {"objective": "300 ms", "calls": "1"}[name]
        assert (
            report.findings[0].related[-1].message
            == f"accepted while {bound}, but it is {shown}: the finding is open again"
        )


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ("objectiv < 1s", "but the finding has no term `objectiv` (it has: calls, objective)"),
        ("objective < 40/s", "but `40/s` cannot be compared with 300 ms"),
        ("objective < 300", "but `300` cannot be compared with 300 ms"),
    ],
)
def test_a_bound_that_means_nothing_keeps_the_finding_open(bound: str, message: str) -> None:
    report = lint(entry(f"rule: REL003, reason: pilot, while: {bound}"))
    assert open_rules(report) == ["REL003"]
    assert report.findings[0].related[-1].message == f"accepted while {bound}, {message}"


# --- several files


def test_entries_and_findings_may_stand_in_included_files(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text("components:" + SYSTEM.partition("components:")[2])
    (tmp_path / "accepted.yaml").write_text(
        "accept:\n- {rule: REL003, at: components.api, reason: pilot}\n- {rule: REL007, reason: none}\n"
    )
    main = SYSTEM.partition("components:")[0] + "include: [parts.yaml, accepted.yaml]\n"
    report = lint(main, "REL003", "REL007", path=tmp_path / "arch.yaml")
    assert accepted_rules(report) == [("REL003", "pilot")]
    assert [(Path(f.location.file).name, f.location.line, f.rule) for f in report.findings] == [
        ("accepted.yaml", 3, "DOC017")
    ]


def test_many_entries_and_findings_stay_quick() -> None:
    services = "".join(f"  s{n}: {{kind: service, calls: [{{to: s{n + 1}}}]}}\n" for n in range(2000))
    text = f"archlint: 1\ndescribed: all\nworkloads: {{w: {{from: s0}}}}\ncomponents:\n{services}  s2000: {{kind: service}}\naccept:\n"
    text += "".join(f"- {{rule: REL003, at: components.s{n}, reason: r}}\n" for n in range(2000))
    assert len(parse("arch.yaml", text).text) < 1_000_000
    report = lint(text)
    assert (open_rules(report), {reason for _, reason in accepted_rules(report)}) == ([], {"r"})


def test_an_entry_whose_end_or_bound_cannot_be_read_accepts_nothing() -> None:
    from archlint.model.read import no_includes, read
    from archlint.source.parser import parse

    for said in ("until: 2026-02-30", "while: rate around 5/s"):
        text = f"archlint: 1\naccept: [{{rule: SRV002, reason: why, {said}}}]\n"
        assert read(parse("arch.yaml", text), no_includes).accept == ()
