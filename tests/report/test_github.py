"""Workflow commands, parsed like the runner of GitHub Actions does."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from archlint.report.github import MOST_SHOWN, render_github
from archlint.verdicts import Location, Report

from .hostile import hostile_report
from .samples import BIGSIZE, KEY, WHOLE, found, report_of


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The texts that a runner executes: `::name key=value,...::data` at the start of a line, `##[` anywhere in a line."""
    found_here = []
    for line in text.split("\n"):
        if not line.lstrip().startswith("::"):
            assert "##[" not in line
            continue
        match = re.fullmatch(r"::([^ :]+)(?: ([^:]*))?::(.*)", line.lstrip())
        assert match is not None, line
        given_here = dict(part.split("=", 1) for part in match[2].split(",")) if match[2] else {}
        values = {key: unescaped(value, ":", ",") for key, value in given_here.items()}
        found_here.append((match[1], values, unescaped(match[3])))
    return found_here


def unescaped(text: str, *others: str) -> str:
    for character in ("\r", "\n", *others, "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def test_a_finding_annotates_its_place() -> None:
    name, given_here, message = commands(render_github(report_of(BIGSIZE)))[0]
    assert name == "error"
    assert given_here == {
        "file": "shop/models.yaml", "line": "5", "endLine": "5", "col": "5", "endColumn": "17",
        "title": "SRV001 online-bigsize",
    }  # fmt: skip
    assert message.startswith(BIGSIZE.message)
    assert "limit: latency p95: 300 ms (stated, shop/arch.yaml:10)" in message


def test_severities_become_error_warning_and_notice() -> None:
    report = report_of(*(found(severity=name) for name in ("info", "error", "warning")))
    assert [name for name, *_ in commands(render_github(report))] == ["error", "warning", "notice", "notice"]


def test_a_stretch_of_several_lines_has_no_columns() -> None:
    finding = msgspec.structs.replace(KEY, location=Location("a.yaml", 2, 3, 5, 1))
    given_here = commands(render_github(report_of(finding)))[0][1]
    assert {"line", "endLine"} <= set(given_here)
    assert not {"col", "endColumn"} & set(given_here)


def test_an_unreadable_input_is_an_error_at_its_place() -> None:
    name, given_here, message = commands(render_github(WHOLE))[0]
    assert (name, given_here["file"], given_here["line"], given_here["col"]) == ("error", "shop/broken.yaml", "3", "7")
    assert message.startswith("not YAML: mapping values are not allowed here")


def test_beyond_ten_of_a_level_the_rest_stands_in_the_log_and_that_is_said() -> None:
    findings = [found(severity=s, at=f"{s}{n}", message=f"{s} {n}") for s in ("info", "error") for n in range(14)]
    text = render_github(report_of(*findings))
    names = [name for name, *_ in commands(text)]
    assert names.count("error") == MOST_SHOWN
    assert names.count("notice") == MOST_SHOWN
    assert "::group::9 more findings: GitHub shows at most 10 annotations of a level" in text
    assert "error 13" in text
    assert commands(text)[-1][2] == "Found 14 errors and 14 infos in 1 file. 9 of them only in the log of this step."


def test_accepted_and_undecided_ones_stand_in_the_log() -> None:
    text = render_github(WHOLE)
    assert "::group::1 finding accepted\n- OPS003 nobody-knows shop/arch.yaml:2:1: " in text
    assert "(accepted until 2027-03-31 in shop/arch.yaml:1: pilot until the review)" in text
    assert "::group::3 undecided\n- SRV007 batch-outlasts-window shop/arch.yaml:23 components.job: undecided: add" in text


def test_hostile_texts_make_no_commands_of_their_own() -> None:
    names = [name for name, *_ in commands(render_github(hostile_report()))]
    assert names == ["error", "error", "error", *["group", "endgroup"] * 3, "notice"]


@given(text=st.text(max_size=60))
def test_what_is_escaped_is_read_back(text: str) -> None:
    finding = found(message=text, location=Location(f"{text}/a.yaml", 1, 1, 1, 2))
    [(name, given_here, message), _] = commands(render_github(Report(report_of(finding).files)))
    assert name == "error"
    assert given_here["line"] == "1"
    assert set(given_here) == {"file", "line", "endLine", "col", "endColumn", "title"}
    assert "\n" not in message
