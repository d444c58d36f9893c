"""Runs `archlint check`, after its options were parsed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from archlint import __version__
from archlint.analysis.system import System
from archlint.api import STDIN, check_targets, examine_targets, find_targets
from archlint.cli.outputs import keep_what_is_read, write_output
from archlint.cli.permission import allows_code
from archlint.cli.streams import NO_PATH, clean, from_here, here, read_stdin, write_bytes
from archlint.cli.terminal import error_text, use_color, use_links, width
from archlint.errors import ArchlintError, UnreadableInputError, UsageError
from archlint.inputs import input_errors
from archlint.linter import Options
from archlint.report import FINDINGS_ALONE, FORMATS, SHOW_DIAGRAMS, SHOW_PATTERNS
from archlint.report.options import ReportOptions
from archlint.source.files import read_bytes
from archlint.verdicts import Report, Severity

if TYPE_CHECKING:
    from archlint.diagram.live import Live

FOR_PEOPLE: Final = frozenset({"text", "concise"})
"""The formats for a terminal; programs read the others."""
MOST_DIAGRAMS: Final = 50
"""The maximum number of diagrams in a report: their systems stay in memory until they are drawn."""
LEVELS = ["error", "warning", "info", "never"]


class CheckCall(msgspec.Struct, frozen=True):
    """One call of `archlint check`; the defaults are those of the command line."""

    paths: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: str = ""
    exit_zero: bool = False
    config: Path | None = None
    outputs: tuple[tuple[str, str], ...] = ()
    output_format: str = ""
    stdin_filename: str = ""
    accept: bool = True
    undecided: bool = False
    patterns: bool = False
    statistics: bool = False
    quiet: bool = False
    color: str = "auto"
    baseline: Path | None = None
    baselined: bool = True
    baseline_strict: bool = False
    allow_empty: bool = False
    allow_code: bool = False
    all: bool = False
    verbose: bool = False
    force_exclude: bool = False
    isolated: bool = False
    show_files: bool = False
    system: str = ""
    record: str = ""


def run_check(call: CheckCall) -> int:
    """Check the inputs of a call, write the reports, and return the exit status."""
    return _list_files(call) if call.show_files else check_once(call)[0]


def check_once(call: CheckCall) -> tuple[int, Report]:
    """Check the inputs of a call, write the reports, and return the exit status with the report."""
    outputs = _outputs(call)
    options = _options(call, outputs)
    targets, stdin = _inputs(call)
    systems: dict[str, System] = {}
    if any(name in SHOW_DIAGRAMS for name, _ in outputs):
        report, systems = examine_targets(targets, options, stdin, MOST_DIAGRAMS)
    else:
        report = check_targets(targets, options, stdin)
    if not report.files and not report.errors and not report.excluded:
        nothing = nothing_to_check(call.paths, report)
        if not call.allow_empty:
            _tell(report, call.quiet, shown=True)
            raise nothing
        print(f"note: {nothing.message}", file=sys.stderr)
    _tell(report, call.quiet, ("text", "") in outputs)
    if call.undecided and not call.quiet and all(name in FINDINGS_ALONE for name, _ in outputs):
        formats = " and ".join(dict.fromkeys(name for name, _ in outputs))
        what = f"--undecided has no effect with -o {formats}, which lists findings alone; use -o text"
        print(f"note: {what}", file=sys.stderr)
    _keep_inputs(report, call, outputs)
    status = _status(report, call.fail_on or _fail_on(report), call.exit_zero)
    rendering = ReportOptions(
        color=use_color(call.color), width=width(), quiet=call.quiet, undecided=call.undecided, patterns=call.patterns,
        statistics=call.statistics, root=here(), exit_status=status, version=__version__,
        diagrams=_diagrams(report, outputs, systems), all=call.all, verbose=call.verbose,
    )  # fmt: skip
    if any(name.startswith("sarif") for name, _ in outputs):
        from archlint.cli.pipelines import azure_run

        run_id, run_properties = azure_run(os.environ)
        rendering = msgspec.structs.replace(rendering, run_id=run_id, run_properties=run_properties)
    for name, file in outputs:
        linked = name == "text" and not file and use_links()
        shown = msgspec.structs.replace(rendering, links=linked, color=rendering.color and not file)
        write_output(FORMATS[name](report, shown), file, name not in FOR_PEOPLE)
    if call.record:
        from archlint.serve.runs import record

        record(call.record, report)
    return status, report


def _options(call: CheckCall, outputs: tuple[tuple[str, str], ...]) -> Options:
    """Return the options of the check itself; raises `UsageError` if options contradict each other."""
    if call.baseline is not None and not call.baselined:
        raise UsageError("--baseline and --no-baseline contradict each other", "remove one of them")
    if call.config is not None and call.isolated:
        raise UsageError("--config and --isolated contradict each other", "remove one of them")
    patterns = call.patterns or any(name in SHOW_PATTERNS for name, _ in outputs)
    return Options(
        call.select, call.ignore, call.exclude, call.config, call.accept, patterns, baseline=call.baseline,
        baselined=call.baselined, baseline_strict=call.baseline_strict,
        allow_code=allows_code(call.allow_code), isolated=call.isolated, force_exclude=call.force_exclude,
        skip_foreign=call.allow_empty, system=call.system,
    )  # fmt: skip


def _diagrams(
    report: Report, outputs: tuple[tuple[str, str], ...], systems: dict[str, System]
) -> dict[str, Live]:
    """Draw each stored system, if an output format shows it."""
    if not any(name in SHOW_DIAGRAMS for name, _ in outputs):
        return {}
    from archlint.cli.pictures import diagrams

    drawn, notes = diagrams(report, systems)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    return drawn


def _keep_inputs(report: Report, call: CheckCall, outputs: tuple[tuple[str, str], ...]) -> None:
    """Raise `UsageError` if a report would overwrite a file that was read for it."""
    inputs = [name for file in report.files for name in (file.file, *file.sources)]
    inputs += [error.file for error in report.errors if error.file]
    baselines = {name for file in report.files for name in (file.baseline, file.baseline_home) if name}
    named = [str(path) for path in (call.config, call.baseline) if path is not None]
    for _, file in outputs:
        if file:
            keep_what_is_read(file, inputs, (*named, *sorted(baselines)))


def _outputs(call: CheckCall) -> tuple[tuple[str, str], ...]:
    """Return the formats with their files; raises `UsageError` if two go to the same place."""
    short = ((call.output_format, ""),) if call.output_format else ()
    outputs = (*call.outputs, *short) or (("text", ""),)
    places = [file for _, file in outputs]
    same = [os.path.realpath(file) if file else "" for file in places]
    twice = next((file for file, place in zip(places, same, strict=True) if same.count(place) > 1), None)
    if twice is not None:
        where = twice or "standard output"
        raise UsageError(f"two outputs go to {where}", "name a file for one: --output json:report.json")
    return outputs


def _list_files(call: CheckCall) -> int:
    """Print the files that would be checked, one a line, and nothing else; raises `UsageError` for an output."""
    if call.outputs or call.output_format:
        raise UsageError("--show-files writes no report", "remove -o, or remove --show-files")
    targets, stdin = _inputs(call)
    inputs = find_targets(targets, _options(call, ()), stdin)
    errors, readable = list(inputs.errors), list[Path]()
    for path in inputs.files:
        try:
            read_bytes(path, str(path))
            readable.append(path)
        except UnreadableInputError as error:
            errors += input_errors(error, str(path))
    for path in (*readable, *(text.path for text in inputs.texts)):
        name = os.fspath(path)
        shown = clean(name)
        safe = os.fsencode(name) if shown == name else shown.encode()
        write_bytes(safe + b"\n")                      # the exact bytes of the name, if they are safe
    for note in inputs.notes if not call.quiet else ():
        print(f"note: {note}", file=sys.stderr)
    for unread in errors:
        print(error_text(ArchlintError(unread.message, unread.hint)), file=sys.stderr)
    return 2 if errors else 0


def _tell(report: Report, quiet: bool, shown: bool) -> None:
    """Print what no report contains: notes, tracebacks of defects, and errors if no text report shows them."""
    for note in report.notes if not quiet else ():
        print(f"note: {note}", file=sys.stderr)
    for error in report.errors:
        if error.traceback:
            print(error.traceback, end="", file=sys.stderr)
        if not shown:
            print(error_text(ArchlintError(error.message, error.hint)), file=sys.stderr)


def _inputs(call: CheckCall) -> tuple[list[Path], tuple[bytes, str] | None]:
    """Split the arguments into files and standard input; without arguments, return the current folder."""
    stdin = None
    if "" in call.paths:
        raise UsageError(*NO_PATH)
    if "-" in call.paths or (call.stdin_filename and not call.paths):
        stdin = read_stdin(), call.stdin_filename or STDIN
    elif call.stdin_filename:
        raise UsageError("--stdin-filename names standard input, but the paths do not hold `-`", "add `-` to the paths")
    targets = [from_here(path) for path in call.paths if path != "-"]
    return (targets or ([] if stdin else [Path()])), stdin


def nothing_to_check(paths: tuple[str, ...], report: Report) -> UsageError:
    """Say that no architecture file was found, and which ones were left out."""
    from archlint.source.search import find_left_out

    where = ", ".join(paths) or "the current folder"
    left = [found for path in paths or (".",) if os.path.isdir(path) for found in find_left_out(Path(path))]
    if left:
        more = f", and {len(left) - 1} more" if len(left) > 1 else ""
        hint = f"{left[0][1]}; name the file to check it"
        return UsageError(f"nothing to check in {where}; left out: {left[0][0]}{more}", hint)
    files = "file was" if report.skipped == 1 else "files were"
    others = f" ({report.skipped} other YAML {files} skipped)" if report.skipped else ""
    return UsageError(
        f"nothing to check in {where}{others}",
        "name an architecture file (YAML with the key `archlint: 1`; `archlint init` writes one), or files that deploy "
        "a system",
    )


def _fail_on(report: Report) -> str:
    """Return the strictest level of the configurations, if the call sets none."""
    strictness = ["info", "warning", "error", "never"]
    return min((file.fail_on for file in report.files if file.fail_on), key=strictness.index, default="warning")


def _status(report: Report, fail_on: str, exit_zero: bool) -> int:
    if report.errors:
        return 2
    if exit_zero or fail_on == "never":
        return 0
    overdue = any(use.strict and use.spent for use in report.baselines)
    return 1 if overdue or report.at_least(Severity(fail_on)) else 0
