"""`archlint check`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.checking import LEVELS, CheckCall, run_check
from archlint.report import FORMATS


def split_words(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Rule ids, names or families: split at commas and blanks."""
    return tuple(word for value in values for word in value.replace(",", " ").split())


def split_outputs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Formats, each with the file behind its colon where it should not go to standard output."""
    found = []
    for value in values:
        name, _, file = value.partition(":")
        if name not in FORMATS:
            from archlint.model.names import nearest

            likely = nearest(name, FORMATS)
            hint = f"did you mean `{likely}`?" if likely else f"formats: {', '.join(FORMATS)}"
            raise click.BadParameter(f"there is no format `{name}`; {hint}", ctx, param)
        found.append((name, file))
    return tuple(found)


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--select",
    metavar="RULES",
    callback=split_words,
    multiple=True,
    help="Run these rules only: ids, names, families (SRV) or ALL.",
)
@click.option("--ignore", metavar="RULES", callback=split_words, multiple=True, help="Leave these rules out as well.")
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave out paths in folders, as .gitignore writes them."
)
@click.option(
    "--fail-on", type=click.Choice(LEVELS), help="Exit with 1 at findings of this level or above.  [default: warning]"
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option(
    "--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Use this file, not the nearest."
)
@click.option(
    "--output",
    "outputs",
    metavar="FORMAT[:FILE]",
    callback=split_outputs,
    multiple=True,
    help="Write this format, to a file if one is named; repeatable.",
)
@click.option("--output-format", type=click.Choice(list(FORMATS)), help="Short for --output FORMAT.")
@click.option("--stdin-filename", metavar="NAME", help="The name by which standard input goes (path `-`).")
@click.option("--no-accept", is_flag=True, help="Report accepted findings too.")
@click.option("--undecided", is_flag=True, help="List what is undecided, with the keys that would decide it.")
@click.option("--patterns", is_flag=True, help="List the patterns that are recognised.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    exclude: tuple[str, ...],
    fail_on: str | None,
    exit_zero: bool,
    config: Path | None,
    outputs: tuple[tuple[str, str], ...],
    output_format: str | None,
    stdin_filename: str | None,
    no_accept: bool,
    undecided: bool,
    patterns: bool,
    statistics: bool,
    quiet: bool,
    color: str,
) -> None:
    """Check architecture files, folders, or standard input (`-`).

    Without PATHS, the current folder is searched. Exit status: 0 nothing at or above --fail-on, 1 findings, 2 a
    wrong call, an input that cannot be read (the others are still checked), or nothing to check.
    """
    ctx.exit(
        run_check(
            CheckCall(
                tuple(map(str, paths)),
                select,
                ignore,
                exclude,
                fail_on or "",
                exit_zero,
                config,
                outputs,
                output_format or "",
                stdin_filename or "",
                not no_accept,
                undecided,
                patterns,
                statistics,
                quiet,
                color,
            )
        )
    )
