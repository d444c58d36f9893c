"""`archlint check`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.checking import LEVELS, CheckCall, run_check
from archlint.cli.complete import complete_formats, complete_rule_words
from archlint.cli.options import InputPath
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.report import FORMATS


def split_words(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split rule ids, names or families at commas and spaces."""
    return tuple(word for value in values for word in value.replace(",", " ").split())


def known_format(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Return a known format; for an unknown one, the error suggests the nearest."""
    if name is None or name in FORMATS:
        return name
    from archlint.model.names import nearest

    likely = nearest(name, FORMATS)
    hint = f"did you mean `{likely}`?" if likely else f"formats: {', '.join(FORMATS)}"
    what = f"there is no format `{name}`" if name else "no format is named"
    raise click.BadParameter(f"{what}; {hint}", ctx, param)


def split_outputs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the formats, each with the file after its colon; without one it is standard output (`-`)."""
    found = []
    for value in values:
        name, colon, file = value.partition(":")
        known_format(ctx, param, name)
        if colon and not file:
            raise click.BadParameter(f"`{value}` names no file; write {name}:FILE, or {name} alone", ctx, param)
        found.append((name, "" if file == "-" else file))
    return tuple(found)


@click.command("check")
@click.argument("paths", nargs=-1, type=InputPath(allow_dash=True))
@click.option(
    "--select",
    metavar="RULES",
    shell_complete=complete_rule_words,
    callback=split_words,
    multiple=True,
    help="Run these rules only: ids, names, families (SRV) or ALL.",
)
@click.option(
    "--ignore", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Leave these rules out as well.",
)  # fmt: skip
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave out matching paths in folders (.gitignore syntax)."
)
@click.option("--force-exclude", is_flag=True, help="Leave out excluded paths even if they are named; for hooks.")
@click.option("--isolated", is_flag=True, help="Ignore configurations, baselines and ignore files.")
@click.option("--system", metavar="NAME", help="Check this system of files that describe several, by name or number.")
@click.option("--show-files", is_flag=True, help="Print the files that would be checked, and nothing else.")
@click.option("--watch", is_flag=True, help="Check again when a file that was read changes.")
@click.option(
    "--fail-on", type=click.Choice(LEVELS), help="Exit with 1 at findings of this level or above.  [default: warning]"
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@config_option
@click.option(
    "--output",
    "-o",
    "outputs",
    metavar="FORMAT[:FILE]",
    callback=split_outputs,
    shell_complete=complete_formats(FORMATS),
    multiple=True,
    help=f"Write this format, to a file if one is named; repeatable. Formats: {', '.join(FORMATS)}.",
)
@click.option(
    "--output-format",
    metavar="FORMAT",
    callback=known_format,
    shell_complete=complete_formats(FORMATS, files=False),
    help="Short for --output FORMAT.",
)
@click.option("--stdin-filename", metavar="NAME", help="The file name of standard input (path `-`).")
@click.option("--no-accept", is_flag=True, help="Report accepted findings too.")
@click.option(
    "--baseline", metavar="FILE", type=click.Path(path_type=Path, readable=False),
    help="Report what this baseline does not hold.",
)
@click.option("--no-baseline", is_flag=True, help="Report findings in the baseline too.")
@click.option("--baseline-strict", is_flag=True, help="Fail if the baseline has entries that are no longer needed.")
@allow_code_option
@click.option("--allow-empty", is_flag=True, help="Skip files that are not architectures; pass if none is left.")
@click.option("--undecided", is_flag=True, help="List what is undecided, with the keys that would decide it.")
@click.option("--patterns", is_flag=True, help="List the patterns that are recognised.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("--all", "show_all", is_flag=True, help="Show every finding in full, not the first ten only.")
@click.option("--verbose", "-v", is_flag=True, help="Show where each value comes from, and every place.")
@click.option(
    "--record", metavar="URL", default="",
    help="Record the number of findings of each system in this database: sqlite:///FILE or postgresql://HOST/NAME.",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print findings only.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    exclude: tuple[str, ...],
    force_exclude: bool,
    isolated: bool,
    system: str | None,
    show_files: bool,
    watch: bool,
    fail_on: str | None,
    exit_zero: bool,
    config: Path | None,
    outputs: tuple[tuple[str, str], ...],
    output_format: str | None,
    stdin_filename: str | None,
    no_accept: bool,
    baseline: Path | None,
    no_baseline: bool,
    baseline_strict: bool,
    allow_code: bool,
    allow_empty: bool,
    undecided: bool,
    patterns: bool,
    statistics: bool,
    show_all: bool,
    verbose: bool,
    record: str,
    quiet: bool,
    color: str,
) -> None:
    """Check architecture files, folders, or standard input (`-`).

    Without PATHS, archlint searches the current folder. Exit status: 0 no findings at or above --fail-on, 1 findings,
    2 wrong arguments, an unreadable input (the others are still checked), or nothing to check.
    """
    call = CheckCall(
        tuple(map(str, paths)), select, ignore, exclude, fail_on or "", exit_zero, config, outputs,
        output_format or "", stdin_filename or "", not no_accept, undecided, patterns, statistics, quiet, color,
        baseline, not no_baseline, baseline_strict, allow_empty, allow_code, show_all, verbose, force_exclude, isolated,
        show_files, system or "", record,
    )  # fmt: skip
    if watch:
        from archlint.cli.watching import watch as watch_files

        ctx.exit(watch_files(call))
    ctx.exit(run_check(call))
