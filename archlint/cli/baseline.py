"""`archlint baseline`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from archlint.api import check_targets
from archlint.cli.check import split_words
from archlint.cli.checking import nothing_to_check
from archlint.cli.complete import complete_rule_words
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import allows_code
from archlint.compare.baseline import Change, freeze, grown, passed_over, shrink, unread
from archlint.compare.entries import Baseline, BaselineError, read_baseline, shown_path, write_baseline
from archlint.compare.git import baseline_at
from archlint.errors import UsageError
from archlint.linter import Options
from archlint.report.layout import plural
from archlint.source.files import project_root
from archlint.verdicts import FileReport, Report


@click.command("baseline")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Take out what is healed, follow renames; add nothing.")
@click.option(
    "--since", metavar="REV", help="Write nothing; fail where it holds what it did not hold at this git revision.",
)
@click.option(
    "--file", "-o", "file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="The baseline.  [default: what the configuration names, else archlint-baseline.jsonl beside it]",
)
@click.option(
    "--select", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Look at these rules only; entries of others stay as they are.",
)
@click.option(
    "--ignore", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Leave these rules out as well.",
)  # fmt: skip
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave out paths in folders, as .gitignore writes them."
)
@allow_code_option
@click.option(
    "--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Use this file, not the nearest."
)  # fmt: skip
def command(
    paths: tuple[Path, ...], update: bool, since: str | None, file: Path | None, select: tuple[str, ...],
    ignore: tuple[str, ...], exclude: tuple[str, ...], config: Path | None, allow_code: bool,
) -> None:  # fmt: skip
    """Freeze today's findings, so that `archlint check` reports new ones only.

    Without PATHS, the current folder is searched. A baseline that exists is written anew: with all findings of today,
    or with --update only without those that are healed. Entries of files and rules that are not looked at stay.
    """
    if update and since is not None:
        raise UsageError("--update writes and --since does not", "give one of them")
    if str(file) == "-":
        raise UsageError("a baseline is a file: it is not written to standard output (`-`)", "name one: -o FILE")
    options = Options(
        select, ignore, exclude, config, baselined=False, signatures=True, allow_code=allows_code(allow_code)
    )
    report = check_targets(paths or (Path(),), options)
    if not report.files and not report.errors:
        raise nothing_to_check(tuple(map(str, paths)), report)
    if report.errors:
        error = report.errors[0]
        raise UsageError(f"{error.message}; no baseline is written", error.hint)
    groups = _by_baseline(report, file)
    if since is not None:
        sys.exit(_tell_growth(groups, since))
    if update:
        groups = _existing(groups)
    changes = [(target, _change(target, files, update, report)) for target, files in groups.items()]
    for target, change in changes:
        is_first = not os.path.exists(target)
        if change.entries or not is_first:
            write_baseline(target, change.entries, None if file is not None else project_root(target))
            click.echo(_told(target, change))
            if is_first and (hint := _merge_hint(target)):
                click.echo(hint, err=True)
        else:
            click.echo(f"nothing to freeze: {shown_path(target)} is not written")


def _merge_hint(target: Path) -> str:
    """Say how git merges a baseline without conflicts; nothing outside of a repository, or where it does already."""
    folder = Path(os.path.realpath(target)).parent
    top = next((path for path in (folder, *folder.parents) if (path / ".git").exists()), None)
    if top is None:
        return ""
    attributes = top / ".gitattributes"
    try:
        known = attributes.read_text(encoding="utf-8", errors="replace") if attributes.is_file() else ""
    except OSError:
        known = ""
    if any(".jsonl" in line and "merge=union" in line for line in known.splitlines()):
        return ""
    return f"note: git merges it without conflicts once .gitattributes says: {target.name} merge=union"


def _tell_growth(groups: dict[Path, list[FileReport]], revision: str) -> int:
    """Say what each baseline holds beyond that of a revision; return the exit status."""
    status = 0
    for target, files in groups.items():
        if not os.path.exists(target):
            continue
        shown = shown_path(target)
        before = baseline_at(revision, target)
        if before is None:
            click.echo(f"{shown} is not in {revision}: all of it is new")
            continue
        found = grown(before, read_baseline(target), files)
        click.echo(f"{shown}: {plural(len(found), 'finding')} more than at {revision}")
        for one in found:
            click.echo(f"  {one.severity}[{one.rule}] {one.name}, {one.location.file}:{one.location.line}: {one.at}")
        if found:
            click.echo("cure or accept them, then run `archlint baseline --update`")
            status = 1
    return status


def _by_baseline(report: Report, file: Path | None) -> dict[Path, list[FileReport]]:
    """Return the files that belong to each baseline."""
    groups: dict[Path, list[FileReport]] = {}
    for one in report.files:
        groups.setdefault(file or Path(one.baseline_home), []).append(one)
    return groups


def _existing(groups: dict[Path, list[FileReport]]) -> dict[Path, list[FileReport]]:
    """Return the baselines that are there; of several configurations some may have none."""
    there = {target: files for target, files in groups.items() if os.path.exists(target)}
    if not there:
        target = next(iter(groups))
        raise BaselineError(f"{shown_path(target)}: there is no such baseline to update", "write it without --update")
    return there


def _change(target: Path, files: list[FileReport], update: bool, report: Report) -> Change:
    """Work out what a baseline holds from now on; nothing is written yet."""
    known = os.path.exists(target)
    baseline = read_baseline(target) if known else Baseline(target)
    if update:
        for error in unread(baseline, report):
            raise UsageError(f"{error.message}; no baseline is written", error.hint)
        return shrink(baseline, files)
    change = freeze(baseline, files, {baseline.name_of(name) for name in passed_over(baseline, report)})
    if known and change.added and any(one.baseline_strict for one in files):
        growth = f"{_counted(change.new, change.added)} would be new"
        message = f"{shown_path(target)} is strict: it may only shrink, and {growth}"
        raise UsageError(message, "cure or accept them, then run `archlint baseline --update`")
    return change


def _told(target: Path, change: Change) -> str:
    told = [f"{_counted(change.new, change.added)} new"] if change.added else []
    told += [f"{_counted(change.known, change.kept)} known"] if change.kept else []
    told += [f"{plural(change.dropped, 'place')} taken out"] if change.dropped else []
    empty = "; it is empty: take the file away" if not change.entries else ""
    return f"wrote {shown_path(target)}: {', '.join(told) or 'nothing'}{empty}"


def _counted(findings: int, places: int) -> str:
    """Count findings as `check` does, and the places that they speak of, where these are more.

    >>> _counted(60, 71), _counted(1, 1)
    ('60 findings (71 places)', '1 finding')
    """
    return plural(findings, "finding") + (f" ({plural(places, 'place')})" if places != findings else "")
