"""The summary of the text report, and its questions."""

import re
from textwrap import dedent

import msgspec
import pytest

from archlint.report.next import next_steps
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.verdicts import Cure, FileReport, OpenQuestion, Report, ShownTerm
from tests.report.test_text import QUIET, shown

from .samples import (
    HOME,
    KEY,
    KIND,
    OBJECTIVE,
    OVERLOAD,
    PREPARE,
    QUEUE,
    SOURCES,
    STAGES,
    UNOWNED,
    WHOLE,
    found,
    report_of,
)


def test_nothing_found_is_not_all_clear_where_something_is_undecided() -> None:
    file = FileReport(HOME.name, "home-page", (), WHOLE.files[0].undecided, rules_run=28, sources=SOURCES)
    assert render_text(Report((file,)), TextOptions()) == (
        "Nothing found in 1 file (28 rules).\n"
        "3 undecided; add components.job.records to decide SRV007 (1 of 3). See all: --undecided\n"
    )


def test_quiet_leaves_out_the_summary_only() -> None:
    assert render_text(report_of(), QUIET) == ""
    assert "Found" not in render_text(WHOLE, QUIET)
    assert "error[SRV001]" in render_text(WHOLE, QUIET)


def test_the_summary_counts_by_rule_the_worst_first() -> None:
    text = render_text(report_of(OVERLOAD, KIND, KEY, KEY, UNOWNED), TextOptions())
    assert text.endswith(
        dedent("""\
        Found 3 errors, 1 warning and 1 info in 1 file (28 rules).

          2 errors   DOC003  unknown-key
          1 error    DOC004  unknown-kind
          1 warning  CAP002  latency-over-objective
          1 info     OPS003  nobody-knows
        """)
    )


def test_open_questions_stand_below_the_most_decisive_key_once() -> None:
    text = render_text(WHOLE, TextOptions(quiet=True, undecided=True))
    listed = text[text.index("Undecided:") :]
    assert listed == dedent("""\
        Undecided: add these keys (the first one decides the most)

        components.job.records (decides 2 of 3, 1 of them with other keys)
          SRV007 batch-outlasts-window  components.job  shop/arch.yaml:23
          SRV004 online-for-batch-need  workloads.mail  shop/arch.yaml:11
              also needs workloads.mail.rate; unknown: how much there is to score

        components.job.zones (decides 1 of 3)
          REL001 single-point-of-failure  components.job  shop/arch.yaml:23
        """)


def questions(*needs: tuple[str, ...]) -> Report:
    asked = tuple(
        OpenQuestion(f"SRV{number:03}", "a-rule", "components.job", keys, OBJECTIVE)
        for number, keys in enumerate(needs, start=1)
    )
    return Report((FileReport(HOME.name, "home-page", (), asked, rules_run=28, sources=SOURCES),))


@pytest.mark.parametrize(
    ("needs", "advice"),
    [
        ([("a",)], "1 undecided; add a to decide SRV001."),
        ([("b",), ("a",), ("a",)], "3 undecided; add a to decide SRV002 and SRV003 (2 of 3)."),
        ([("a", "b")], "1 undecided; add a and b to decide SRV001."),
        (
            [("a", "b")] * 3 + [("b",), ("c",)],
            "5 undecided; add a and b to decide SRV001, SRV002, SRV003 and SRV004 (4 of 5).",
        ),
        ([("a",), ("b",), ("b", "c")], "3 undecided; add b to decide SRV002 (1 of 3)."),
        ([("a", "b"), ("c",)], "2 undecided; add c to decide SRV002 (1 of 2)."),
        ([()], "1 undecided."),
    ],
)
def test_the_summary_advises_what_decides_most_for_each_key_to_add(
    needs: list[tuple[str, ...]], advice: str
) -> None:
    *_, last = render_text(questions(*needs), TextOptions(width=120)).splitlines()
    assert last == f"{advice} See all: --undecided"


def test_of_many_rules_the_rest_is_counted() -> None:
    text = render_text(questions(*[("a",)] * 9), TextOptions(width=120))
    assert "to decide SRV001, SRV002, SRV003, SRV004, SRV005, SRV006 and 3 more (9 of 9)" in text


def test_a_key_that_decides_nothing_alone_says_so() -> None:
    text = render_text(questions(("a", "b"), ("a", "c")), TextOptions(quiet=True, undecided=True))
    assert "\na (decides 2 of 2, with other keys)\n" in text
    assert text.count("components.job") == 2


def test_what_decides_most_comes_first_in_one_wording() -> None:
    asked = questions(("x",), ("a", "b", "c"), ("a", "b", "d"), ("a", "c", "d"), ("b",), ("b",))
    told = "\n".join(render_text(asked, TextOptions(quiet=True, undecided=True)).splitlines())
    counts = [int(count) for count in re.findall(r"decides (\d) of 6", told)]
    assert (told.count(" of 6"), counts) == (len(counts), [4, 3, 1])
    assert [(step.write, step.why) for step in next_steps(asked)[:3]] == [
        ("b", "decides 4 of 6, 2 of them with other keys"), ("a", "decides 3 of 6, with other keys"),
        ("c", "decides 2 of 6, with other keys"),
    ]  # fmt: skip


def test_a_family_that_is_asked_for_is_not_asked_for_again_by_one_of_its_keys() -> None:
    [file] = questions(("components.a.calls[0].timeout",), ("components.a.replicas",)).files
    family = OpenQuestion("REL003", "a-rule", "system", ("described",), OBJECTIVE, "", family="timeouts")
    report = Report((msgspec.structs.replace(file, undecided=(*file.undecided, family)),))
    assert {step.write for step in next_steps(report)} == {"described: [timeouts]", "components.a.replicas"}
    other = msgspec.structs.replace(file, file="other.yaml", undecided=(family,))
    assert len(next_steps(Report((file, other)))) == 3, "another file has its own families"


def test_a_question_says_how_many_keys_it_does_not_name_and_no_advice_rests_on_it() -> None:
    [file] = questions(("a", "b"), ("a", "b")).files
    vast = msgspec.structs.replace(file.undecided[0], more=1992)
    assert vast.needs_total == 1994
    report = Report((msgspec.structs.replace(file, undecided=(vast, *file.undecided[1:])),))
    text = render_text(report, TextOptions(undecided=True, width=120))
    assert "also needs b and 1,992 more" in text
    assert "2 undecided; add a and b to decide SRV002 (1 of 2)." in text


def test_a_question_that_names_no_key_comes_last() -> None:
    lost = OpenQuestion(
        "SRV002", "all-in-one", "components.api", (), OBJECTIVE, "a value that could not be read"
    )
    file = FileReport(HOME.name, "home-page", (), (lost, *WHOLE.files[0].undecided), sources=SOURCES)
    text = render_text(Report((file,)), TextOptions(quiet=True, undecided=True))
    assert text.splitlines()[-2] == "No key can decide these"
    assert text.endswith("components.api  shop/arch.yaml:10  unknown: a value that could not be read\n")


def test_with_several_files_a_missing_key_names_its_file() -> None:
    files = WHOLE.files[0], msgspec.structs.replace(WHOLE.files[0], file="other/arch.yaml")
    text = render_text(Report(files), TextOptions(undecided=True))
    assert "\ncomponents.job.zones in other/arch.yaml (decides 1 of 6)\n" in text
    assert "add components.job.records to shop/arch.yaml to decide SRV007 (1 of 6)" in text


def test_colour_only_adds_codes() -> None:
    options = TextOptions(undecided=True, patterns=True, statistics=True, accepted=True)
    plain = render_text(WHOLE, options)
    coloured = render_text(WHOLE, msgspec.structs.replace(options, color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[1;31merror[SRV001]\x1b[0m" in coloured
    assert "\x1b[1;33mwarning[CAP002]\x1b[0m" in coloured
    assert "\x1b[1;33m^^^^^\x1b[0m" in coloured


def test_a_fix_without_a_pattern_is_named_by_its_title() -> None:
    plain = Cure("", "one server per model", "split them", "")
    text = shown(found(cures=(plain, STAGES, QUEUE, PREPARE)))
    assert text.endswith("   fix: one server per model: split them\n    or: multiple-stage, asynchronous or prep-pred\n")


def test_numbers_are_aligned_by_their_units_and_words_stand_among_them() -> None:
    terms = (
        ShownTerm("rate", "rate", 40.0, "/s", "stated", "40/s"),
        ShownTerm("time", "time", 1.6, "s", "stated", "1.6 s"),
        ShownTerm("warm", "loaded at start", True, "", "assumed", "yes", note="catalogue of technologies"),
    )
    assert (
        "   = rate              40/s  stated\n"
        "   = time             1.6 s  stated\n"
        "   = loaded at start    yes  assumed  catalogue of technologies\n"
    ) in shown(found(terms=terms), verbose=True)
