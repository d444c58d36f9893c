"""The comment for a pull request, rendered in GitHub's dialect of Markdown."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.about import docs_url
from archlint.report.markdown import MOST_CHARACTERS, render_markdown
from archlint.report.markup import code, plain, prose
from archlint.verdicts import OpenQuestion, Report, ShownTerm

from .hostile import NASTY, any_reports, hostile_report
from .reading import Page, rendered
from .samples import BIGSIZE, KEY, WHOLE, found, report_of

TAGS = {
    "h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "a", "details", "summary",
    "blockquote",
}  # fmt: skip
"""The elements of the report itself: no text from a file may add another element."""
LINK = re.compile(r"https://(?:github\.com|[a-z.]+)/[^\"<>]*")


def assert_harmless(page: Page) -> None:
    assert {tag for tag, _ in page.tags} <= TAGS
    assert page.comments == []
    for tag, given_here in page.tags:
        assert set(given_here) <= {"href", "style"}
        if tag == "a":
            assert LINK.fullmatch(given_here["href"])
            assert "evil" not in given_here["href"]
    assert not re.search(r"@octocat|(?<!\w)#1\b|GH-2\b", page.plain)


def test_hostile_texts_do_no_harm() -> None:
    page = rendered(render_markdown(hostile_report()))
    assert_harmless(page)
    assert "<script>document.title='run'</script>" in page.text
    assert "[f](javascript:1)" in page.text


@settings(max_examples=25)
@given(report=any_reports())
def test_any_report_is_made_of_its_own_elements_only(report: Report) -> None:
    assert {tag for tag, _ in rendered(render_markdown(report)).tags} <= TAGS


MARKUP = st.text(st.sampled_from("ab1 .*_`|<>&[]()!#~\\@:/-+=\"'{}$^\n\t"), max_size=40)


@settings(max_examples=200)
@given(text=MARKUP)
def test_a_text_is_shown_as_it_is(text: str) -> None:
    for shown in (prose(text), plain(text), code(text)):
        page, tags = rendered(f"x {shown}"), {"p", "code"}
        assert {tag for tag, _ in page.tags} <= tags
        seen = page.text.replace("\u200b", "").replace("`", "")
        assert "".join(seen.split()) == "".join(f"x{text}".replace("`", "").split())


@settings(max_examples=200)
@given(text=MARKUP)
def test_a_text_stays_in_its_cell_and_in_its_item(text: str) -> None:
    page = rendered(f"| a | b |\n|---|---|\n| {prose(text, cell=True)} | {code(text, cell=True)} |\n\n- {prose(text)}\n- last\n")
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("td"), tags.count("tr"), tags.count("li"), tags.count("ul")) == (2, 2, 2, 1)
    assert set(tags) <= {"table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "p"}


def test_it_shows_summary_arithmetic_fixes_and_what_is_undecided() -> None:
    text = render_markdown(WHOLE)
    page = rendered(text)
    assert text.startswith("## archlint: 5 errors and 2 warnings in 1 file\n")
    assert "| `shop/arch.yaml` home-page | 5 | 2 | - | 1 | 1 | 3 |" in text
    assert "| **limit: latency p95** | **300\u00a0ms** | stated, `shop/arch.yaml:10` |" in text
    links = [given_here["href"] for tag, given_here in page.tags if tag == "a"]
    assert docs_url("patterns/prediction-cache.md") in links
    assert docs_url("rules/SRV001-online-bigsize.md") in links
    assert "<summary>Undecided (3): add these keys (the first one decides the most)</summary>" in text
    assert "<summary>Accepted (1)</summary>" in text
    assert "accepted until 2027-03-31 in `shop/arch.yaml:1`: pilot until the review" in text
    assert [tag for tag, _ in page.tags].count("details") == text.count("</details>")


def worst(count: int) -> Report:
    long = tuple(ShownTerm(f"t{n}", f"term {n}", 1.0, "s", "derived", "1 s", note="x" * 40) for n in range(30))
    findings = [
        found(severity=severity, at=f"{severity}{number}", message=f"{severity} {number} {NASTY}", terms=long)
        for severity in ("info", "error", "warning")
        for number in range(count)
    ]
    questions = tuple(
        OpenQuestion("REL001", "x", f"components.c{n}", (f"components.c{n}.{'k' * 90}",), BIGSIZE.location)
        for n in range(count * 5)
    )
    [file] = report_of(*findings).files
    accepted = WHOLE.accepted * (count * 5)
    return Report((msgspec.structs.replace(file, undecided=questions, accepted=accepted),) * 2)


@pytest.mark.parametrize("count", [1, 20, 200])
def test_it_fits_into_one_comment_and_says_what_it_left_out(count: int) -> None:
    report = worst(count)
    text = render_markdown(report)
    assert len(text) <= MOST_CHARACTERS
    assert_harmless(rendered(text))
    assert text.count("<details>") == text.count("</details>")
    assert "Undecided (" in text
    assert "Accepted (" in text
    listed = text.count("**DOC003 unknown-key** at")
    gone = re.search(r"([0-9,]+) findings? not listed", text)
    missing = int(gone[1].replace(",", "")) if gone else 0
    assert listed + missing == len(report.findings)
    if count >= 20:
        assert "Shortened to GitHub's limit of 65,536 characters" in text
        assert "omitted to fit the limit" in text
        assert ": error 0 " in text


@settings(max_examples=30)
@given(count=st.integers(0, 60), most=st.integers(6_000, 30_000))
def test_it_fits_whatever_the_limit(count: int, most: int) -> None:
    assert len(render_markdown(worst(count), most=most)) <= most


def test_what_is_cut_is_less_severe_than_what_is_shown_in_full() -> None:
    text = render_markdown(worst(20))
    blocks = [match.start() for match in re.finditer("<details><summary>Arithmetic", text)]
    assert blocks
    assert text.find("### Errors") < blocks[0]
    assert text.find("### Errors") < text.find("### Warnings") < text.find("### Information")


def test_a_short_report_is_not_cut() -> None:
    text = render_markdown(report_of(KEY))
    assert "Cut to" not in text
    assert "Undecided" not in text
