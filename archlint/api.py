"""The library: `check` and `load`, and what the command line needs; the command line is a thin layer over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint.analysis.system import System
from archlint.config import Config, find_config, read_config
from archlint.errors import ConfigError, UnreadableInputError
from archlint.given import config_or_file, text_or_path
from archlint.inputs import input_errors
from archlint.linter import Includes, Linter, Options
from archlint.outcomes import Outcome, config_errors, guarded, lost
from archlint.source.document import Document
from archlint.source.files import SUFFIXES, FileIncludes, is_architecture, read_bytes, read_document, real_path
from archlint.source.join import no_such_system, picked_systems, system_names
from archlint.source.parser import MAX_BYTES, collector_paused, decode, parse
from archlint.targets import STDIN, Configs, Inputs, Text, deployment_files
from archlint.verdicts import FileReport, Report

if TYPE_CHECKING:
    from archlint.reading import Source

__all__ = [
    "STDIN",
    "Linter",
    "Linters",
    "Options",
    "Outcome",
    "check",
    "check_targets",
    "check_with",
    "checked",
    "examine_targets",
    "find_targets",
    "load",
    "load_checked",
    "load_system",
    "unchecked",
]
_PARALLEL_FILES = 16
_PARALLEL_BYTES = 2_000_000


class Linters(Configs):
    """A linter for each configuration, made once.

    The first `keep` systems that are read stay in `systems`, by the keys of their reports. `texts` replace the content
    of included files, by their resolved paths.
    """

    def __init__(
        self, options: Options, fixed: Config | None = None, keep: int = 0, texts: Mapping[Path, bytes] | None = None
    ) -> None:
        super().__init__(options, fixed)
        self.keep = keep
        self.texts = texts
        self.systems: dict[str, System] = {}
        self._linters: dict[Path, Linter] = {}

    def linter_for(self, path: Path) -> Linter:
        """The linter of the configuration that applies to a path."""
        config = self.config_for(path)
        key = config.file or config.root
        linter = self._linters.get(key)
        if linter is None:
            linter = self._linters[key] = Linter(config, self.options)
        return linter

    def check(
        self, path: Path, data: bytes | None = None, unnamed: bool = False, loader: Includes | None = None
    ) -> Outcome:
        """Check a file, or a text with the name of a file; an `unnamed` text belongs to the current folder.

        `loader` reads its includes; without one, they are files of the project. An error is the outcome of this file
        alone; only a wrong call raises.
        """
        return guarded(path, partial(self._check, path, data, unnamed, loader))

    def check_deployment(self, paths: Sequence[Path], targets: Sequence[Path], texts: Iterable[Text]) -> Outcome:
        """Check deployment files as one system; without a component in them, the outcome has no report."""
        return guarded(paths[0], partial(self._check_deployment, paths, targets, texts))

    def _check(self, path: Path, data: bytes | None, unnamed: bool, loader: Includes | None) -> Outcome:
        document = read_document(path) if data is None else parse(str(path), decode(str(path), data))
        linter = self.linter_for(Path(STDIN) if unnamed else path)
        return self._examine(linter, document, path, None if unnamed else path, loader)

    def _check_deployment(self, paths: Sequence[Path], targets: Sequence[Path], texts: Iterable[Text]) -> Outcome:
        from archlint.importers.deploying import read_deployment
        from archlint.reading import deployed_source

        found = read_deployment(paths, targets, {text.path: text.data for text in texts})
        source = deployed_source(found)
        if source is None:
            errors = tuple(mistake for error in found.errors for mistake in input_errors(error))
            return Outcome(paths[0], (), errors, notes=tuple(found.notes))
        linter = self.linter_for(source.path)
        outcome = self._examine(linter, source.document, source.path, source.file, source.includes)
        return msgspec.structs.replace(outcome, errors=source.errors, read=source.read, notes=source.notes)

    def _examine(
        self, linter: Linter, document: Document, path: Path, file: Path | None, includes: Includes | None = None
    ) -> Outcome:
        reports: list[FileReport] = []
        included: frozenset[Path] = frozenset()
        size = 0
        picked = picked_systems(document, self.options.system)
        for system in picked:
            reads = includes
            if reads is None and file is not None and self.texts:
                reads = FileIncludes(file, texts=self.texts)
            examined = linter.examine(system, file, reads).without_values()
            report = examined.report
            reports.append(report)
            included |= examined.included
            if len(self.systems) < self.keep:
                self.systems[report.key] = examined.system
            size += sum(len(source.text) for source in report.sources.values() if source.text is not document.text)
            if size > MAX_BYTES and not document.imported:
                what = f"{path}: its systems include more than {MAX_BYTES // 1024**2} MiB in all"
                raise UnreadableInputError(what, "split the file")
        others = () if picked else tuple(system_names(document))
        return Outcome(path, tuple(reports), (), included, others)

    def check_all(self, paths: Sequence[Path]) -> Iterator[Outcome]:
        """Check files in order; if there are many, in parallel processes."""
        yield from map(self.check, paths[: self.keep])      # a kept system must be read in this process
        paths = paths[self.keep :]
        if len(paths) < _PARALLEL_FILES or sum(map(_size, paths)) < _PARALLEL_BYTES:
            yield from map(self.check, paths)
            return
        from archlint.workers import Workers

        yield from Workers(partial(_checker, self.options, self.fixed), lost).map(paths)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _checker(options: Options, fixed: Config | None) -> Callable[[Path], Outcome]:
    """Return the function that checks a file in a worker process."""
    return Linters(options, fixed).check


def _with_deployment(
    linters: Linters, outcomes: list[Outcome], inputs: Inputs, targets: Iterable[Path]
) -> tuple[list[Outcome], frozenset[Path], tuple[str, ...]]:
    """Check deployment files among the inputs as one system; also return the files that were read, and notes.

    These are files that the call names and that are no architecture; if no file is one, also those in its folders.
    """
    texts = {text.path for text in inputs.texts}
    other = {
        one.path for one in outcomes
        if one.foreign or (_is_no_yaml(one) and (one.path in texts or one.path.is_file()))
    }  # fmt: skip
    foreign = [outcome.path for outcome in outcomes if outcome.path in other]
    named = [path for path in targets if path.exists()]
    folders = [path for path in named if path.is_dir() and path not in inputs.excluded]
    if folders and not linters.options.skip_foreign and not any(map(_is_architecture, outcomes)):
        searched, _ = deployment_files([path for path in named if path in folders or path in other], linters)
        foreign = list(dict.fromkeys((*searched, *foreign)))
    if not foreign:
        return outcomes, frozenset(), ()
    found = linters.check_deployment(foreign, named, inputs.texts)
    said = {error.message for errors in (inputs.errors, *(one.errors for one in outcomes)) for error in errors}
    found = msgspec.structs.replace(found, errors=tuple(error for error in found.errors if error.message not in said))
    if not found.reports and not found.others:
        return [*outcomes, *([found] if found.errors and not other else [])], frozenset(), found.notes
    kept = [one for one in outcomes if not (one.path in other and real_path(one.path) in found.read)]
    return [*kept, found], found.read, found.notes


def _is_architecture(outcome: Outcome) -> bool:
    """Whether an input has the key `archlint`, also if it cannot be read as a system."""
    if outcome.reports or outcome.others or outcome.foreign or not outcome.path.is_file():
        return bool(outcome.reports or outcome.others)
    try:
        return is_architecture(read_bytes(outcome.path, str(outcome.path)))
    except UnreadableInputError:
        return False


def _is_no_yaml(outcome: Outcome) -> bool:
    """Whether a file that cannot be read has a name that is not one of YAML, so that it may be of another format."""
    return bool(outcome.errors) and not outcome.reports and outcome.path.suffix not in SUFFIXES


def check_with(linters: Linters, targets: Iterable[Path], stdin: tuple[bytes, str] | None = None) -> Report:
    """Check files and folders, and a text with its name, with linters; see `check_targets`."""
    try:
        inputs = linters.inputs(targets, stdin)
    except ConfigError as error:
        return Report((), config_errors(error))
    outcomes = list(linters.check_all(inputs.files))
    outcomes += (linters.check(text.path, text.data, text.unnamed) for text in inputs.texts)
    outcomes, deployed, notes = _with_deployment(linters, outcomes, inputs, targets)
    if outcomes and not any(outcome.reports or outcome.errors for outcome in outcomes):
        names = [name for outcome in outcomes for name in outcome.others]
        raise no_such_system("what is checked", linters.options.system, names)
    included = {path for outcome in outcomes for path in outcome.included}
    alone = [outcome for outcome in outcomes if real_path(outcome.path) not in included]
    read = included | deployed
    skipped = [path for path in inputs.skipped if not read or real_path(path) not in read]
    report = Report(
        tuple(report for outcome in alone for report in outcome.reports),
        tuple(dict.fromkeys((*inputs.errors, *(error for outcome in alone for error in outcome.errors)))),
        len(skipped),
        others=tuple(map(str, skipped)),
        excluded=tuple(map(str, inputs.excluded)),
        notes=inputs.notes + notes,
        partial=bool(linters.options.system),
    )
    baselines = {file.baseline for file in report.files if file.baseline} | linters.baselines_for(skipped)
    if not baselines:
        return report
    from archlint.compare.baseline import without_known

    return without_known(report, sorted(baselines))


def examine_targets(
    targets: Sequence[Path], options: Options, stdin: tuple[bytes, str] | None, most: int
) -> tuple[Report, dict[str, System]]:
    """Check as `check_targets` does, and keep the first `most` systems, by the keys of their reports."""
    try:
        linters = Linters(options, keep=most)
    except ConfigError as error:
        return Report((), config_errors(error)), {}
    return check_with(linters, targets, stdin), linters.systems


def check_targets(targets: Sequence[Path], options: Options, stdin: tuple[bytes, str] | None = None) -> Report:
    """Check files and folders, and a text from standard input with its name.

    A file or a configuration that cannot be read is an error of the report; the other files are still checked. Files
    that another one includes are part of that one.
    """
    try:
        linters = Linters(options)
    except ConfigError as error:
        return Report((), config_errors(error))
    return check_with(linters, targets, stdin)


def find_targets(targets: Sequence[Path], options: Options, stdin: tuple[bytes, str] | None = None) -> Inputs:
    """The files that `check_targets` would check, without checking them."""
    return Configs(options).inputs(targets, stdin)


def check(
    path_or_text: str | Path, config: Config | Path | str | None = None, allow_code: bool = False, system: str = ""
) -> Report:
    """Check a file, a folder, or a text.

    A `str` with a line break in it is the text of an `arch.yaml`; anything else is a path. `config` is a
    configuration, or its file; without it, the nearest configuration above each file applies. With `allow_code`,
    Python code may run in rule folders that a configuration names; in installed packages it always may.
    `system` is the name or the number of one of the systems that a file describes; without it, all are checked.

    Returns a report. What cannot be read, and mistakes in a configuration, are its `errors`. Raises `ConfigError` if
    `config` is a file with mistakes, and `UsageError` for an empty path, anything else that is neither a path nor a
    text, and a system that no file has.

    >>> import archlint
    >>> report = archlint.check("archlint: 1\\nsystem: shop\\nworkload: {}\\n")
    >>> report.findings[0].message, report.findings[0].suggestion
    ('a file has no key `workload`', 'did you mean `workloads`?')
    """
    source, chosen = text_or_path(path_or_text), config_or_file(config)
    options = Options(config=chosen if isinstance(chosen, Path) else None, allow_code=allow_code, system=system)
    linters = Linters(options, chosen if isinstance(chosen, Config) else None)
    if isinstance(source, str):
        return check_with(linters, (), (source.encode("utf-8", "surrogatepass"), STDIN))
    return check_with(linters, (source,))


def load(path_or_text: str | Path, config: Config | Path | str | None = None, system: str = "") -> System:
    """Read a system, with its graph and its analyses, from a file, a folder or a text.

    A `str` with a line break in it is a text; anything else is a path: of an architecture file, of a deployment file
    such as `compose.yaml`, or of a folder that has either. If a file describes several systems, the first is read
    unless `system` names another. `config` is as in `archlint.check`.

    Returns the system. Mistakes in the file are values: `system.architecture.problems`. Raises `UnreadableInputError`
    for a file that cannot be read or that describes no system, `ConfigError` for a wrong configuration, and
    `UsageError` for a folder without a system or with several, an empty path, and anything else that is neither a path
    nor a text.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 5/s}}
    ... models: {ranker: {}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, calls: [server]}
    ...   server: {kind: model-server, serves: [ranker]}
    ... ''')
    >>> [serving.mode for serving in system.servings(system.workloads["search"])]
    ['online']
    """
    source, chosen = text_or_path(path_or_text), config_or_file(config)
    path, data = (source, None) if isinstance(source, Path) else (Path(STDIN), source.encode("utf-8", "surrogatepass"))
    from archlint.reading import read_source

    found = read_source((path,), Options(rules=False), data, system)
    if isinstance(chosen, Path):
        chosen = read_config(chosen)
    linter = Linter(chosen or find_config(found.path), Options(rules=False))
    with collector_paused():
        return linter.system(found.document, found.file, found.includes)[0]


def load_checked(
    path: Path, options: Options, data: bytes | None = None, system: str = ""
) -> tuple[System, FileReport]:
    """Read a system from a file, or from a text with the name of a file, and check it.

    If a file describes several systems, the first is read unless `system` names another. Raises
    `UnreadableInputError` if it is not an architecture file.
    """
    from archlint.reading import read_source

    return checked(read_source((path,), options, data, system), options)


def checked(source: Source, options: Options) -> tuple[System, FileReport]:
    """Read the system of a source, and check it."""
    examined = Linters(options).linter_for(source.path).examine(source.document, source.file, source.includes)
    return examined.system, examined.report


def load_system(path: Path, options: Options, data: bytes | None = None, system: str = "") -> System:
    """Read a system from a file, or from a text with the name of a file, without running rules; raises likewise."""
    from archlint.reading import read_source

    return unchecked(read_source((path,), options, data, system), options)


def unchecked(source: Source, options: Options) -> System:
    """Read the system of a source without running rules."""
    with collector_paused():
        return Linters(options).linter_for(source.path).system(source.document, source.file, source.includes)[0]
