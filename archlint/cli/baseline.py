"""`archlint baseline`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from archlint.api import check_targets
from archlint.cli.check import split_words
from archlint.cli.checking import nothing_to_check
from archlint.cli.complete import complete_rule_words
from archlint.cli.options import InputPath
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import say
from archlint.cli.permission import allows_code
from archlint.compare.baseline import Change, freeze, grown, passed_over, shrink, unread
from archlint.compare.entries import Baseline, BaselineError, read_baseline, shown_path, write_baseline
from archlint.compare.former import former_baselines, joined
from archlint.compare.git import Revision
from archlint.config import nearest_config
from archlint.errors import UsageError
from archlint.findings import count_of
from archlint.linter import Options
from archlint.report.layout import plural
from archlint.source.files import project_root, working_root
from archlint.verdicts import FileReport, Report


@click.command("baseline")
@click.argument("paths", nargs=-1, type=InputPath())
@click.option("--update", is_flag=True, help="Remove resolved findings, follow renames; add nothing.")
@click.option(
    "--since", metavar="REV", help="Write nothing; fail if the baseline has findings that none had at revision REV.",
)
@click.option("--allow-empty", is_flag=True, help="Pass if there is nothing to check, or with --update no baseline.")
@click.option(
    "--file", "-o", "file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="The baseline.  [default: what the configuration names, else archlint-baseline.jsonl beside it]",
)
@click.option(
    "--select", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Consider these rules only; entries of other rules stay as they are.",
)
@click.option(
    "--ignore", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Leave these rules out as well.",
)  # fmt: skip
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave out matching paths in folders (.gitignore syntax)."
)
@allow_code_option
@config_option
def command(
    paths: tuple[Path, ...], update: bool, since: str | None, file: Path | None, select: tuple[str, ...],
    ignore: tuple[str, ...], exclude: tuple[str, ...], config: Path | None, allow_code: bool, allow_empty: bool,
) -> None:  # fmt: skip
    """Freeze today's findings, so that `archlint check` reports new ones only.

    Without PATHS, archlint searches the current folder. An existing baseline is rewritten with all findings of today.
    With --update, only resolved findings are removed. Entries of files and rules that were not checked stay.
    """
    if update and since is not None:
        raise UsageError("--update writes and --since does not", "use one of them")
    if str(file) == "-":
        raise UsageError("a baseline is a file: it is not written to standard output (`-`)", "name one: -o FILE")
    pipe = next((path for path in paths if path.is_fifo()), None)
    if pipe is not None:
        raise UsageError(f"{pipe} is a pipe: a later check could not know its findings again", "name the file itself")
    options = Options(
        select, ignore, exclude, config, baselined=False, signatures=True, allow_code=allows_code(allow_code)
    )
    report = check_targets(paths or (Path(),), options)
    for note in report.notes:
        say(f"note: {note}")
    if not report.files and not report.errors:
        if allow_empty:
            say("nothing to check: no baseline is written")
            return
        raise nothing_to_check(tuple(map(str, paths)), report)
    if report.errors:
        error = report.errors[0]
        raise UsageError(f"{error.message}; no baseline is written", error.hint)
    groups = _by_baseline(report, file)
    if since is not None:
        sys.exit(_report_growth(groups, since, config, file))
    if update and allow_empty and file is None and not any(map(os.path.exists, groups)):
        say("no baseline to update")
        return
    if update:
        groups = _existing(groups)
    changes = [(target, _change(target, files, update, report)) for target, files in groups.items()]
    for target, change in changes:
        is_first = not os.path.exists(target)
        if change.entries or not is_first:
            write_baseline(target, change.entries, None if file is not None else _project(groups[target], config))
            say(_summary(target, change))
            if is_first and (hint := _merge_hint(target)):
                say(hint)
        else:
            say(f"nothing to freeze: {shown_path(target)} is not written")


_ANOTHER: Final = "name another file: -o archlint-baseline.jsonl"


def _project(files: list[FileReport], config: Path | None) -> Path:
    """Return the checked project: a configured baseline must stay inside it, also through links."""
    file = Path(files[0].file)
    named = config or nearest_config(file)
    return working_root(file) if named is None else project_root(Path(os.path.abspath(named)).parent / "any")


def _merge_hint(target: Path) -> str:
    """Return a hint on merges of the baseline without conflicts; empty outside a repository, or if they are set up."""
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
    return f"note: add this line to .gitattributes to merge it without conflicts: {target.name} merge=union"


def _report_growth(
    groups: dict[Path, list[FileReport]], revision: str, config: Path | None, file: Path | None
) -> int:
    """Print the findings that are new in each baseline since the revision; return the exit status."""
    there = {target: files for target, files in groups.items() if os.path.exists(target)}
    at = Revision(revision, Path(os.path.realpath(next(iter(there or groups)))).parent)
    if not there:
        click.echo("no baseline, so none has grown")
        return 0
    former = former_baselines(at, config, file)
    status = 0
    for target, files in there.items():
        shown = shown_path(target)
        if not former:
            click.echo(f"{shown} is the first baseline: {revision} has none, so everything in it is new")
            continue
        found = grown(joined(former, target), read_baseline(target, _ANOTHER), files)
        click.echo(f"{shown}: {plural(count_of(found), 'finding')} more than at {revision}")
        for one in found:
            click.echo(f"  {one.severity}[{one.rule}] {one.name}, {one.location.file}:{one.location.line}: {one.at}")
        if found:
            click.echo("fix or accept them, then run `archlint baseline --update`")
            status = 1
    return status


def _by_baseline(report: Report, file: Path | None) -> dict[Path, list[FileReport]]:
    """Return the files of each baseline."""
    groups: dict[Path, list[FileReport]] = {}
    for one in report.files:
        groups.setdefault(file or Path(one.baseline_home), []).append(one)
    return groups


def _existing(groups: dict[Path, list[FileReport]]) -> dict[Path, list[FileReport]]:
    """Return the baselines that exist. Raises `BaselineError` if there are none."""
    there = {target: files for target, files in groups.items() if os.path.exists(target)}
    if not there:
        target = next(iter(groups))
        hint = "write it first: `archlint baseline`"
        raise BaselineError(f"{shown_path(target)}: there is no such baseline to update", hint)
    return there


def _change(target: Path, files: list[FileReport], update: bool, report: Report) -> Change:
    """Compute the new content of a baseline; nothing is written yet."""
    known = os.path.exists(target)
    baseline = read_baseline(target, _ANOTHER) if known else Baseline(target)
    if update:
        for error in unread(baseline, report):
            raise UsageError(f"{error.message}; no baseline is written", error.hint)
        return shrink(baseline, files)
    change = freeze(baseline, files, {baseline.name_of(name) for name in passed_over(baseline, report)})
    if known and change.added and any(one.baseline_strict for one in files):
        growth = f"{_counted(change.new, change.added)} would be added"
        message = f"{shown_path(target)} is strict: it may only shrink, and {growth}"
        raise UsageError(message, "fix or accept them, then run `archlint baseline --update`")
    return change


def _summary(target: Path, change: Change) -> str:
    parts = [f"{_counted(change.new, change.added)} new"] if change.added else []
    parts += [f"{_counted(change.known, change.kept)} known"] if change.kept else []
    parts += [f"{_entries(change.dropped)} removed"] if change.dropped else []
    empty = "; it is empty: delete the file" if not change.entries else ""
    return f"wrote {shown_path(target)}: {', '.join(parts) or 'nothing'}{empty}"


def _counted(findings: int, entries: int) -> str:
    """Return the number of findings, as `check` counts them, and the number of their entries if that differs.

    >>> _counted(60, 71), _counted(1, 1)
    ('60 findings (71 entries)', '1 finding')
    """
    return plural(findings, "finding") + (f" ({_entries(entries)})" if entries != findings else "")


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"
