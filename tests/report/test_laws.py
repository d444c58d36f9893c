"""Laws of every text report, for any content of files and findings."""

import re
from unicodedata import category

from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.report.layout import columns_of, visible
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.document import Document
from archlint.verdicts import (
    Cure,
    FileReport,
    Finding,
    Location,
    OpenQuestion,
    Report,
    ShownRelated,
    ShownTerm,
)

from .samples import found, report_of

# The text shown for each character, written by hand: the last is a letter with a combining accent.
SHOWN = {
    "a": "a", ":": ":", " ": " ", "é": "é", "日": "日", "ﾊ": "ﾊ", "😀": "😀", "e\u0301": "e\u0301",
    "\x1b": "\\x1b", "\x00": "\\x00", "\x85": "\\x85", "\u202e": "\\u202e", "\u2028": "\\u2028",
}  # fmt: skip
COLUMNS = {
    char: 2 if char in "日😀" else 1 if char == "e\u0301" else len(text) for char, text in SHOWN.items()
}
lines_of_signs = st.lists(st.sampled_from([*SHOWN, "\t"]), min_size=1, max_size=60)


def laid_out(signs: list[str]) -> tuple[list[str], list[int]]:
    """The text shown for each character, and the columns of their starts and of the end."""
    texts, columns = [], [0]
    for sign in signs:
        width = 4 - columns[-1] % 4 if sign == "\t" else COLUMNS[sign]
        texts.append(" " * width if sign == "\t" else SHOWN[sign])
        columns.append(columns[-1] + width)
    return texts, columns


def framed(line: str, start: int, end: int, width: int) -> tuple[str, str]:
    """The two rows of a frame: the line and its underline, without the gutter."""
    document = Document("a.yaml", line + "\n", None)
    finding = found(location=Location("a.yaml", 1, start + 1, 1, end + 1), at="system", severity="info")
    report = report_of(finding, sources={"a.yaml": document})
    rows = render_text(report, TextOptions(quiet=True, width=width)).split("\n")
    place = rows.index(f"  --> a.yaml:1:{start + 1}")
    return rows[place + 2].removeprefix(" 1 |").removeprefix(" "), rows[place + 3].removeprefix("   | ")


@given(signs=lines_of_signs, ends=st.tuples(st.integers(0, 59), st.integers(1, 60)))
def test_an_underline_is_as_wide_as_what_it_underlines_and_stands_below_it(
    signs: list[str], ends: tuple[int, int]
) -> None:
    first = min(ends[0], len(signs) - 1)
    last = max(first + 1, min(ends[1], len(signs)))
    texts, columns = laid_out(signs)
    source, underline = framed(
        "".join(signs), len("".join(signs[:first])), len("".join(signs[:last])), width=400
    )
    assert source == "".join(texts).rstrip(" ")
    assert underline == " " * columns[first] + "^" * (columns[last] - columns[first])


@given(
    line=st.text(st.sampled_from("ab{}:, 日本\t"), min_size=1, max_size=900).filter(
        lambda line: not line.isspace()
    ),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    width=st.integers(60, 120),
)
def test_a_cut_line_shows_the_beginning_of_what_it_underlines(
    line: str, place: tuple[float, float], width: int
) -> None:
    start = min(int(place[0] * len(line)), len(line) - 1)
    end = start + 1 + int(place[1] * 30)
    source, underline = framed(line, start, end, width)
    before = underline.index("^")
    by_column = [char for char in source for _ in range(columns_of(char))] + [" "] * width
    marked = "".join(by_column[before : len(underline)])
    assert columns_of(source) <= width - 5
    assert len(underline) <= width - 5
    assert marked[0] == line[start].replace("\t", " ")


words = st.text(max_size=80)
short_words = st.text(max_size=20)
locations = st.builds(
    Location,
    file=st.sampled_from(["a.yaml", "b.yaml", "gone.yaml"]),
    line=st.integers(1, 12),
    column=st.integers(1, 90),
    end_line=st.integers(1, 14),
    end_column=st.integers(1, 120),
)
units = st.sampled_from(["s", "B", "/s", "share", "count", ""])
values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1e15), words, st.booleans()
)
terms = st.builds(
    ShownTerm,
    name=short_words,
    label=words,
    value=values,
    unit=units,
    origin=st.sampled_from(["stated", "imported", "derived", "assumed"]),
    text=words,
    location=st.none() | locations,
    note=words,
    limit=st.booleans(),
)
cures = st.builds(Cure, pattern=short_words, title=words, text=words, docs=words, reference=words)
findings = st.builds(
    Finding,
    rule=st.sampled_from(["SRV001", "REL001", "DOC003"]),
    name=short_words,
    severity=st.sampled_from(["error", "warning", "info"]),
    certainty=st.sampled_from(["proven", "estimated", "heuristic"]),
    at=st.sampled_from(["system", "components.a.kind", 'components."b.c"']) | words,
    location=locations,
    message=words,
    terms=st.lists(terms, max_size=3).map(tuple),
    related=st.lists(st.builds(ShownRelated, at=words, message=words, location=locations), max_size=9).map(
        tuple
    ),
    cures=st.lists(cures, max_size=5).map(tuple),
    fingerprint=short_words,
    docs=short_words,
    cause=st.sampled_from(["", "", "one", "two"]),
    band=st.none() | st.tuples(st.floats(0, 10), st.floats(10, 1e9)),
    suggestion=words,
)
questions = st.builds(
    OpenQuestion,
    rule=st.sampled_from(["SRV001", "REL001"]),
    name=short_words,
    at=words,
    needs=st.lists(words, max_size=3).map(tuple),
    location=locations,
    because=words,
)
texts = st.lists(st.text(max_size=150), max_size=12).map("\n".join)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    sources = {name: Document(name, draw(texts), None) for name in ("a.yaml", "b.yaml")}
    found_here = draw(st.lists(findings, max_size=4).map(tuple))
    open_here = draw(st.lists(questions, max_size=4).map(tuple))
    return Report((FileReport("a.yaml", draw(words), found_here, open_here, sources=sources),))


everything = {"undecided": True, "patterns": True, "statistics": True, "accepted": True}


@settings(max_examples=60)
@given(report=reports(), width=st.integers(60, 140))
def test_no_line_is_wider_than_asked(report: Report, width: int) -> None:
    text = render_text(report, TextOptions(width=width, **everything))
    assert [line for line in text.split("\n") if columns_of(line) > width] == []


@settings(max_examples=60)
@given(report=reports())
def test_nothing_reaches_the_terminal_that_it_would_obey(report: Report) -> None:
    text = render_text(report, TextOptions(**everything))
    assert {char for char in text if category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} <= {"\n"}


@settings(max_examples=60)
@given(report=reports(), width=st.integers(60, 140))
def test_colour_adds_codes_and_changes_nothing_else(report: Report, width: int) -> None:
    plain = render_text(report, TextOptions(width=width, **everything))
    coloured = render_text(report, TextOptions(color=True, width=width, **everything))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@settings(max_examples=60)
@given(report=reports())
def test_every_finding_is_named_with_its_place(report: Report) -> None:
    text = render_text(report, TextOptions(width=200))
    for finding in report.findings:
        place = f"--> {finding.location.file}:{finding.location.line}:{finding.location.column}"
        assert f"{finding.severity}[{finding.rule}]: " in text
        assert re.search(rf"{re.escape(place)}(?![0-9])", text)


@given(text=st.text())
def test_visible_text_stays_as_it_is_and_is_one_line(text: str) -> None:
    once = visible(text)
    assert visible(once) == once
    assert len(once.splitlines()) <= 1
