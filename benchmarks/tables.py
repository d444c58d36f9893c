"""Results as tables: aligned text that is Markdown as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.aims import aims
from benchmarks.processes import Ratio
from benchmarks.results import Results

Row = tuple[str, ...]
NOT_MEASURED: Final = "Not measured"


def table(head: Row, rows: Iterable[Row]) -> str:
    """Return a table with aligned columns; all but the first are aligned to the right.

    >>> print(table(("what", "ms"), [("pass", "18")]), end="")
    | what | ms |
    |------|---:|
    | pass | 18 |
    """
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = [_line(line, widths) for line in lines]
    rules = ["-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)]
    return "\n".join([text[0], f"|{'|'.join(rules)}|", *text[1:]]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    sized = enumerate(zip(cells, widths, strict=True))
    padded = [cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in sized]
    return f"| {' | '.join(padded)} |"


def render(results: Results) -> str:
    """Return every table of a run, as Markdown."""
    parts = [_machine(results)]
    if results.startup:
        parts.append("### Start-up\n\n" + _startup(results))
    if results.sizes:
        parts.append("### Size\n\n" + _sizes(results))
    if results.readers:
        parts.append("### Large inputs beside other linters\n\n" + _readers(results))
    parts.append("### Aims\n\n" + _aims(results))
    if results.failures:
        lines = [f"- {name}: {why}\n" for name, why in sorted(results.failures.items())]
        parts.append(f"### {NOT_MEASURED}\n\n" + "".join(lines))
    return "\n".join(parts)


BEGIN: Final = "<!-- results: begin -->\n"
END: Final = "<!-- results: end -->\n"


def placed(text: str, page: str) -> str:
    """Return a page with the tables between its two marks; the tables alone if it has no marks.

    >>> placed("new\\n", f"Speed\\n{BEGIN}old\\n{END}More\\n").split()
    ['Speed', '<!--', 'results:', 'begin', '-->', 'new', '<!--', 'results:', 'end', '-->', 'More']
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{text}\n{end}{after}" if begin and end else text


def results_of(page: str) -> str:
    """Return the tables between the two marks of a page.

    >>> results_of(f"Speed\\n{BEGIN}old\\n{END}More\\n")
    'old\\n'
    """
    return page.partition(BEGIN)[2].partition(END)[0]


def renewed(old: str, new: str) -> str:
    r"""Replace the measured sections in earlier tables; the others stay.

    A note about a missing measurement is removed if its row exists now. A row that is `not measured` now keeps its
    earlier values.

    >>> renewed("old head\n\n### a\n1\n\n### b\n2\n", "new head\n\n### b\n3\n")
    'new head\n\n### a\n1\n\n### b\n3\n'
    >>> renewed("head\n### a\n| x |\n### Not measured\n\n- y: busy\n", "head\n### a\n| y |\n")
    'head\n\n### a\n| y |\n'
    >>> renewed("head\n### a\n| x | 1 |\n", "head\n### a\n| x | not measured |\n")
    'head\n\n### a\n| x | 1 |\n'
    """
    earlier = {_first_cell(line): line for line in old.splitlines() if line.startswith("|")}
    lines = (
        earlier.get(_first_cell(line), line) if line.startswith("|") and "not measured" in line else line
        for line in new.splitlines()
    )
    sections = {**_sections(old), **_sections("\n".join(lines))}
    missing = sections.pop(NOT_MEASURED, "").splitlines()[2:]
    rest = [line for line in missing if f"| {line[2:].partition(':')[0]} " not in "".join(sections.values())]
    if rest:
        sections[NOT_MEASURED] = "\n".join([f"### {NOT_MEASURED}", "", *rest])
    return "\n\n".join(section.strip("\n") for section in sections.values()) + "\n"


def with_rows(old: str, new: str) -> str:
    r"""Return new tables with the rows of the old ones that they lack: for a run of some rows. New rows come last.

    The head stays that of the old ones: it says when most rows were measured.

    >>> head = "### a\n| x | n |\n|---|--:|\n"
    >>> print(with_rows(head + "| p | 1 |\n| q | 2 |\n", head + "| q | 30 |\n"), end="")
    ### a
    | x |  n |
    |---|---:|
    | p |  1 |
    | q | 30 |
    """
    kept = _sections(old)
    return kept[""] + "".join(
        _with_rows(kept[name], section) if name in kept and "|" in section else section
        for name, section in _sections(new).items() if name
    )  # fmt: skip


def _with_rows(old: str, new: str) -> str:
    (head, _, *before), (_, _, *after) = _cells(old), _cells(new)
    renewed_rows = {row[0]: row for row in after}
    rows = [renewed_rows.pop(row[0], row) for row in before] + list(renewed_rows.values())
    return f"{new.partition('|')[0]}{table(head, rows)}"


def _cells(section: str) -> list[Row]:
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def _first_cell(line: str) -> str:
    return line.split("|")[1].strip()


def _sections(text: str) -> dict[str, str]:
    head, *sections = text.split("### ")
    return {"": head, **{section.partition("\n")[0]: f"### {section}" for section in sections}}


def _machine(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"Measured on {machine.date}: {machine.cores} cores of {machine.processor}, {machine.system}, "
        f"Python {machine.python}.\nVersions: {versions}.\n\n"
        "Times and memory are medians; ratios are medians of the rounds' ratios, by the clock and by CPU time in user "
        "mode (`CPU`).\n"
    )


def _startup(results: Results) -> str:
    head = ("process", "ms", "fastest", "CPU ms", "peak MB", "archlint takes", "by CPU")
    rows = [
        (
            f"{row.name} ({row.does})" if row.does else row.name,
            f"{row.wall_ms:.0f}",
            f"{row.least_ms:.0f}",
            f"{row.user_ms:.0f}",
            _peak(row.peak_mb, results),
            *_both(row.archlint_over),
        )
        for row in results.startup
    ]
    return table(head, rows)


def _sizes(results: Results) -> str:
    head = ("components", "MB", "s", "fastest", "CPU s", "peak MB", "drain s", "its CPU s", "check / drain", "by CPU")
    rows = [
        (
            f"{row.components:,}",
            f"{row.megabytes:.2f}",
            f"{row.check_s:.2f}",
            f"{row.least_s:.2f}",
            f"{row.user_s:.2f}",
            _peak(row.peak_mb, results),
            f"{row.drain_s:.3f}",
            f"{row.drain_user_s:.3f}",
            *_both(row.over_drain),
        )
        for row in results.sizes
    ]
    return table(head, rows)


def _readers(results: Results) -> str:
    head = ("linter", "MB", "s", "CPU s", "peak MB", "MB/s", "archlint's MB/s are", "by CPU")
    rows = [
        (
            f"{row.name} ({row.reads})",
            f"{row.megabytes:.2f}",
            f"{row.wall_s:.2f}",
            f"{row.user_s:.2f}",
            _peak(row.peak_mb, results),
            f"{row.mb_per_s:.2f}",
            *_both(row.archlint_over),
        )
        for row in results.readers
    ]
    return table(head, rows)


def _aims(results: Results) -> str:
    words = {True: "yes", False: "no", None: "not measured"}
    rows = [(aim.aim, _times(aim.by_clock), _times(aim.by_cpu), words[aim.met]) for aim in aims(results)]
    return table(("aim", "measured", "by CPU", "met"), rows)


def _peak(peak_mb: float, results: Results) -> str:
    """Return a peak; only an upper bound, if it is not above the peak of the measuring process."""
    least = results.machine.least_peak_mb
    return f"≤ {peak_mb:.0f}" if peak_mb <= 1.02 * least else f"{peak_mb:.0f}"


def _both(ratio: Ratio) -> Row:
    return _times(ratio.by_clock), _times(ratio.by_cpu)


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} x"
