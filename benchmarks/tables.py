"""Results as tables: aligned text that is Markdown as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.results import Results, aims

Row = tuple[str, ...]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table with aligned columns; all but the first are aligned to the right.

    >>> print(table(("what", "ms"), [("pass", "18")]), end="")
    | what | ms |
    |------|---:|
    | pass | 18 |
    """
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = [_line(line, widths) for line in lines]
    rule = "|".join(
        "-" * (width + 2) if column == 0 else "-" * (width + 1) + ":" for column, width in enumerate(widths)
    )
    return "\n".join([text[0], f"|{rule}|", *text[1:]]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    sized = enumerate(zip(cells, widths, strict=True))
    padded = [cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in sized]
    return f"| {' | '.join(padded)} |"


def render(results: Results) -> str:
    """Every table of a run, as Markdown."""
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
        parts.append("### Not measured\n\n" + "".join(lines))
    return "\n".join(parts)


def _machine(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"Measured on {machine.date}: {machine.cores} cores of {machine.processor}, {machine.system}, "
        f"Python {machine.python}. Versions: {versions}. Medians; ratios are medians of the "
        "rounds' ratios.\n"
    )


def _startup(results: Results) -> str:
    head = ("process", "ms", "fastest", "user CPU", "peak MB", "archlint takes")
    rows = [
        (
            f"{row.name} ({row.does})" if row.does else row.name,
            f"{row.wall_ms:.0f}",
            f"{row.least_ms:.0f}",
            f"{row.user_ms:.0f}",
            f"{row.peak_mb:.0f}",
            f"{row.archlint_over:.2f} x",
        )
        for row in results.startup
    ]
    return table(head, rows)


def _sizes(results: Results) -> str:
    head = (
        "components",
        "MB",
        "check s",
        "fastest",
        "user CPU",
        "peak MB",
        "drain s",
        "its process",
        "check / drain",
    )
    rows = [
        (
            f"{row.components:,}",
            f"{row.megabytes:.2f}",
            f"{row.check_s:.2f}",
            f"{row.least_s:.2f}",
            f"{row.user_s:.2f}",
            f"{row.peak_mb:.0f}",
            f"{row.drain_s:.3f}",
            f"{row.drain_process_s:.2f}",
            f"{row.over_drain:.2f} x",
        )
        for row in results.sizes
    ]
    return table(head, rows)


def _readers(results: Results) -> str:
    head = ("linter", "MB", "s", "user CPU", "peak MB", "MB/s", "archlint's MB/s are")
    rows = [
        (
            f"{row.name} ({row.reads})",
            f"{row.megabytes:.2f}",
            f"{row.wall_s:.2f}",
            f"{row.user_s:.2f}",
            f"{row.peak_mb:.0f}",
            f"{row.mb_per_s:.2f}",
            f"{row.archlint_over:.2f} x",
        )
        for row in results.readers
    ]
    return table(head, rows)


def _aims(results: Results) -> str:
    words = {True: "yes", False: "no", None: "?"}
    return table(
        ("aim", "measured", "met"), [(aim.aim, aim.measured, words[aim.met]) for aim in aims(results)]
    )
