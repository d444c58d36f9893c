"""The text report, on real small files."""

import re
from collections.abc import Callable
from textwrap import dedent

import msgspec
import pytest

from archlint.inputs import InputError
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.parser import parse
from archlint.verdicts import Cure, Finding, Report, ShownRelated, ShownTerm

from .samples import (
    BALANCER,
    BATCH,
    BIGSIZE,
    BROKEN,
    CACHE,
    HOME,
    KEY,
    KIND,
    MODELS,
    OBJECTIVE,
    OVERLOAD,
    SLOW_PAGE,
    TARGET,
    UNOWNED,
    WHOLE,
    found,
    report_of,
    spot,
)

QUIET = TextOptions(quiet=True)


def shown(*findings: Finding, width: int = 100, verbose: bool = False) -> str:
    return render_text(report_of(*findings), TextOptions(quiet=True, width=width, verbose=verbose))


def test_everything_at_once_reads_as_kept(matches_expected: Callable[[str, str], None]) -> None:
    options = TextOptions(undecided=True, patterns=True, statistics=True, accepted=True)
    matches_expected("report.txt", render_text(WHOLE, options))


def test_a_misspelt_key_is_underlined_with_the_suggestion_beside_it() -> None:
    assert shown(KEY, width=90) == dedent("""\
        error[DOC003]: unknown-key: a component has no key `replica`
          --> shop/arch.yaml:21:36  components.api.replica
           |
        21 |   api: {kind: servce, uses: flask, replica: 3, zones: [a], calls: [{to: rankr, tim...
           |                                    ^^^^^^^ did you mean `replicas`?
        """)


def test_the_arithmetic_is_aligned_and_names_the_limit() -> None:
    assert shown(OVERLOAD).endswith(
        "   = p95 of the path     1.3 s\n"
        "   > limit: latency p95  300 ms\n"
        "   = estimated: 1.1 s to 1.7 s; archlint explain CAP002\n"
    )


def test_verbose_says_where_each_value_comes_from() -> None:
    assert shown(OVERLOAD, verbose=True).endswith(
        "   = p95 of the path     1.3 s   derived  lognormal through p50 and p99\n"
        "   > limit: latency p95  300 ms  stated   shop/arch.yaml:10\n"
        "   = estimated: 1.1 s to 1.7 s; archlint explain CAP002\n"
    )


def test_the_line_that_names_the_component_is_shown_above() -> None:
    lines = shown(BALANCER).splitlines()
    assert "16 |   gateway:" in lines
    assert lines[lines.index("16 |   gateway:") + 1] == "..."
    assert "19 |     replicas: 1" in lines


def test_near_places_share_a_frame_and_far_ones_get_their_own() -> None:
    main, _, far = shown(BALANCER, verbose=True).partition("  ::: shop/arch.yaml:6:3\n")
    assert "14 |   app: {kind: client, calls: [{to: gateway, timeout: 5s}]}\n" in main
    assert "   |                                  ------- `mail` enters here\n" in main
    assert far.startswith("   |\n 6 |   home:\n   |   ---- lost with it\n...\n11 |   mail: {from")


@pytest.mark.parametrize(
    ("text", "marked", "at", "above"),
    [
        ("components:\n  a:\n    # note\n\n    calls:\n    - x\n", "x", "components.a.calls[0]", 2),
        ('components:\n  "a.b":\n    kind: x\n', "x", 'components."a.b".kind', 2),
        ("components:\n  a: {kind: x}\n", "x", "components.a.kind", None),
        ("components:\n  b:\n    kind: x\n", "x", "components.a.kind", None),
        ("components: {\n  a: {\nkind: x}}\n", "x", "components.a.kind", None),
        ("team:\n  engineers: x\n", "x", "team.engineers", None),
    ],
)
def test_the_line_above_is_that_of_the_component_or_none(
    text: str, marked: str, at: str, above: int | None
) -> None:
    document = parse("a.yaml", text)
    finding = found(location=spot(document, marked, within=f"{marked}\n" if above else marked), at=at)
    rows = render_text(report_of(finding, sources={"a.yaml": document}), QUIET).splitlines()
    numbers = [int(row[:2]) for row in rows if re.match(r"[ 0-9]\d \|", row)]
    line = finding.location.line
    assert numbers[0] == (above or line)
    assert numbers[-1] == line


def test_a_place_in_another_file_names_that_file() -> None:
    text = shown(BIGSIZE, verbose=True)
    assert "  --> shop/models.yaml:5:5  models.ranker.service_time\n" in text
    assert "  ::: shop/arch.yaml:10:26\n" in text
    assert " 5 |     service_time: {p50: 850ms, p99: 1.6s}\n   |     ^^^^^^^^^^^^\n" in text


def test_a_value_that_is_a_path_takes_the_rest_of_the_line() -> None:
    assert "   = waiting path        app, gateway, api, server (derived)\n" in shown(BIGSIZE, verbose=True)
    assert "   = waiting path        app, gateway, api, server\n" in shown(BIGSIZE)


def test_places_of_terms_are_shortened_to_the_line_where_there_is_no_room() -> None:
    assert "shop/arch.yaml:19" in shown(BALANCER, width=80, verbose=True)
    narrow = shown(BALANCER, width=48, verbose=True)
    assert re.search(r"replicas of +1 +stated +line 19\n", narrow), narrow


def test_findings_of_one_cause_follow_the_worst_and_are_short() -> None:
    blocks = shown(SLOW_PAGE, BIGSIZE, BALANCER).rstrip("\n").split("\n\n")
    assert [block.partition("]")[0] for block in blocks] == ["error[REL001", "error[SRV001", "warning[SRV005"]
    assert blocks[2] == dedent("""\
        warning[SRV005]: waiting-on-slow-model: the page waits on a slow model
          --> shop/arch.yaml:6:3  workloads.home
           = same cause as SRV001 at shop/models.yaml:5""")


def test_a_finding_with_arithmetic_of_its_own_is_never_shortened() -> None:
    own = msgspec.structs.replace(SLOW_PAGE, terms=(ShownTerm("wait", "wait of the page", 2.0, "s", "derived", "2 s"),))
    blocks = shown(own, BIGSIZE).rstrip("\n").split("\n\n")
    assert "wait of the page  2 s" in blocks[1]
    assert "same cause" not in blocks[1]
    repeated = msgspec.structs.replace(SLOW_PAGE, terms=BIGSIZE.terms[:1])
    assert "same cause as SRV001" in shown(repeated, BIGSIZE)


def test_the_best_fix_is_written_in_full_and_the_others_named() -> None:
    text = shown(BIGSIZE)
    assert "   fix: prediction-cache: keep the answers" in text
    assert "        archlint patterns prediction-cache, archlint reference prediction-cache\n" in text
    assert text.endswith("    or: multiple-stage, asynchronous, batch or prep-pred\n")


def test_a_fix_is_written_in_full_once() -> None:
    second = found(location=OBJECTIVE, cures=(CACHE, BATCH), severity="info")
    text = shown(found(cures=(CACHE,)), second)
    assert text.endswith("   fix: prediction-cache (see above)\n    or: batch\n")
    assert text.count(CACHE.text[:40]) == 1


def test_a_fix_with_another_text_is_written_again() -> None:
    other = Cure(CACHE.pattern, CACHE.title, "only with `repeats` above 95 %", CACHE.docs)
    assert "prediction-cache: only with `repeats` above 95 %" in shown(
        found(cures=(CACHE,)), found(cures=(other,))
    )


def test_each_rule_is_explained_once() -> None:
    text = shown(OVERLOAD, OVERLOAD, UNOWNED)
    assert text.count("archlint explain CAP002") == 1
    assert "   = heuristic: based on a hint; archlint explain OPS003\n" in text


def test_a_command_is_not_broken_over_two_lines() -> None:
    text = shown(OVERLOAD, width=50)
    assert "   = estimated: 1.1 s to 1.7 s\n   = archlint explain CAP002\n" in text


def test_many_related_places_are_counted() -> None:
    words = ["archlint", "system", "include", "workloads", "rate", "models", "slo", "mail", "components"]
    places = tuple(ShownRelated("x", "as here", spot(HOME, word)) for word in words)
    text = shown(found(related=places))
    assert text.count("as here") == 7
    assert "   = --verbose shows 2 more places; archlint explain DOC003\n" in text
    assert "more place" not in shown(found(related=places[:7]))
    assert shown(found(related=places), verbose=True).count("as here") == len(places)


def test_of_two_places_on_one_line_the_right_one_speaks_beside_and_the_left_one_below() -> None:
    pair = (
        ShownRelated("x", "the first", spot(MODELS, "p50")),
        ShownRelated("x", "the second", spot(MODELS, "p99")),
    )
    finding = found(location=spot(MODELS, "service_time"), at="models.ranker", related=pair)
    assert (
        " 5 |     service_time: {p50: 850ms, p99: 1.6s}\n"
        "   |     ^^^^^^^^^^^^   ---         --- the second\n"
        "   |                    the first\n"
    ) in shown(finding)


def test_messages_without_room_beside_hang_on_posts() -> None:
    told = "so long a message that it has no room beside"
    pair = (ShownRelated("x", "the first", spot(MODELS, "p50")), ShownRelated("x", told, spot(MODELS, "p99")))
    finding = found(location=spot(MODELS, "service_time"), at="models.ranker", related=pair)
    assert (
        " 5 |     service_time: {p50: 850ms, p99: 1.6s}\n"
        "   |     ^^^^^^^^^^^^   ---         ---\n"
        "   |                    |           |\n"
        "   |                    |           so long a message that it has no\n"
        "   |                    |           room beside\n"
        "   |                    the first\n"
    ) in shown(finding, width=70)


def test_marks_too_far_apart_for_one_screen_get_a_frame_each() -> None:
    related = (ShownRelated("components.api.logs_to[0]", "and here", spot(HOME, "elk")),)
    text = shown(found(related=related), width=70)
    assert "  ::: shop/arch.yaml:21:105\n" in text
    assert text.count("\n21 | ") == 2


def test_a_cut_line_keeps_the_marked_text_and_room_for_the_suggestion() -> None:
    *_, source, underline = shown(TARGET, width=80).splitlines()
    assert source.startswith("21 | ...")
    assert source.endswith("logs_to: [elk]}")
    start = underline.index("^^^")
    assert source[start : start + 3] == "elk"
    assert underline.endswith("^^^ define it under `components:`")


def test_a_stretch_of_several_lines_is_underlined_on_its_first() -> None:
    place = spot(HOME, "workloads", until="models: [ranker]")
    text = shown(found(location=place, at="workloads"))
    assert " 5 | workloads:\n   | ^^^^^^^^^^ ... to line 9\n" in text


def test_one_line_between_two_is_shown_instead_of_dots() -> None:
    text = shown(found(location=spot(HOME, "nginx"), at="components.gateway.uses"))
    assert "16 |   gateway:\n17 |     kind: load-balancer\n18 |     uses: nginx\n" in text


def test_a_place_without_its_text_is_still_named() -> None:
    text = render_text(report_of(BIGSIZE, sources={}), QUIET)
    assert (
        "  --> shop/models.yaml:5:5  models.ranker.service_time\n"
        "   |\n"
        "  ::: shop/arch.yaml:10:26\n"
        "     the objective\n"
    ) in text


def test_without_text_further_places_are_named_by_their_line() -> None:
    text = render_text(report_of(BALANCER, sources={}), QUIET)
    assert "     line 14: `home` enters here\n     line 15: `mail` enters here\n" in text
    assert "  ::: shop/arch.yaml:6:3\n     lost with it\n     line 11: lost with it\n" in text


def test_a_path_without_room_beside_the_place_stands_below_it() -> None:
    assert "  --> shop/models.yaml:5:5\n      models.ranker.service_time\n" in shown(BIGSIZE, width=50)


def test_an_empty_file_has_a_place_but_no_frame() -> None:
    empty = parse("empty.yaml", "")
    finding = found(location=spot(empty, ""), at="system")
    text = render_text(report_of(finding, sources={empty.name: empty}), QUIET)
    assert text.splitlines()[1] == "  --> empty.yaml:1:1"
    assert "^" not in text


def test_a_long_suggestion_is_wrapped_below() -> None:
    many = "known: " + ", ".join(
        ["client", "load-balancer", "gateway", "service", "model-server", "worker"] * 2
    )
    text = shown(msgspec.structs.replace(KIND, suggestion=many), width=80)
    assert "\n   help: known: client, load-balancer," in text
    assert "\n         " in text.partition("help:")[2]


def test_control_characters_of_a_file_are_spelt_out() -> None:
    evil = parse("evil.yaml", "system: a\u202eb\u200bc\n")
    finding = found(location=spot(evil, "a\u202eb"), message="`\x1b[31mred\x07` is\nno name", at="system")
    text = render_text(report_of(finding, sources={evil.name: evil}), QUIET)
    assert "`\\x1b[31mred\\x07` is no name" in text
    assert " 1 | system: a\\u202eb\\u200bc\n   |         ^^^^^^^^\n" in text


def test_wide_characters_and_tabs_are_underlined_by_columns() -> None:
    wide = parse("wide.yaml", 'owner: {team: "推薦チーム",\tcontact: x}\n')
    finding = found(location=spot(wide, "推薦チーム"), at="system")
    tabbed = found(location=spot(wide, "contact"), at="system")
    text = render_text(report_of(finding, tabbed, sources={wide.name: wide}), QUIET)
    first, second = (block.splitlines()[4] for block in text.split("\n\n"))
    # 15 columns up to the quote, ten of the name, two of quote and comma: the tab goes on to the stop at 28.
    assert first == "   | " + " " * 15 + "^" * 10
    assert second == "   | " + " " * 28 + "^" * 7


def test_unreadable_inputs_come_first() -> None:
    text = render_text(Report((), (BROKEN, InputError("gone.yaml: no such file"))), TextOptions())
    assert text == dedent("""\
        error: shop/broken.yaml:3:7: not YAML: mapping values are not allowed here
          hint: check the indentation, brackets and quotes before this place

        error: gone.yaml: no such file

        Nothing was checked; 2 inputs could not be read.
        """)


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (report_of(), "All clear in 1 file (28 rules).\n"),
        (Report(()), "Nothing was checked.\n"),
        (
            Report(report_of().files, (), skipped=1),
            "All clear in 1 file (28 rules).\n1 YAML file skipped: no key `archlint` at the top.\n",
        ),
    ],
)
def test_nothing_found_is_one_clear_line(report: Report, text: str) -> None:
    assert render_text(report, TextOptions()) == text
