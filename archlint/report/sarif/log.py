"""The complete SARIF file: rules, results, files, and how the run ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import structs

from archlint.about import REPOSITORY
from archlint.baselined import BaselineUse
from archlint.inputs import InputError
from archlint.report.layout import flat, plural
from archlint.report.next import next_steps
from archlint.report.options import ReportOptions
from archlint.report.plain import error_place, readable, relative_path, skipped_text
from archlint.report.sarif import records as sarif
from archlint.report.sarif.limits import GITHUB, Limits, gzip_size, most_severe, rank, trimmed
from archlint.report.sarif.results import BASE, Files, ResultWriter, literal
from archlint.report.sarif.rules import all_rules, descriptor
from archlint.report.spent import overdue, spent_text
from archlint.verdicts import ActiveRule, Location, Report

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NOTIFICATIONS: Final = {
    "input-not-read": (
        "An input could not be read.",
        "archlint did not check this input. It checked the others.",
        "Fix the error in the message, or remove the input from the command.",
    ),
    "report-cut": (
        "The report was shortened.",
        "The report exceeds a limit of GitHub code scanning. The least severe results are omitted or not shown.",
        "Check fewer files per call, or fewer rules with --select.",
    ),
    "files-skipped": (
        "YAML files were not checked.",
        "They have no key `archlint` at the top.",
        "Start an architecture file with `archlint: 1`.",
    ),
    "baseline-strict": (
        "A strict baseline has entries that are no longer needed.",
        "The check fails until these entries are removed.",
        "Run `archlint baseline --update`.",
    ),
}
_NUMBERS: Final = {name: number for number, name in enumerate(_NOTIFICATIONS)}


def render_sarif(report: Report, options: ReportOptions | None = None, limits: Limits = GITHUB) -> str:
    """Return the report as indented SARIF 2.1.0 that ends with a line break.

    If it exceeds the limits, the least severe results are omitted; a notification counts them.
    """
    writer = _LogWriter(report, options or ReportOptions(), limits)
    data = writer.encoded(limits.results)
    kept = min(len(writer.results), limits.results)
    while len(data) > limits.gzip_bytes and kept and (size := gzip_size(data, limits.gzip_bytes)) > limits.gzip_bytes:
        kept = min(kept - 1, kept * limits.gzip_bytes * 9 // (size * 10))
        data = writer.encoded(kept)
    return data.decode() + "\n"


def render_alerts(report: Report, options: ReportOptions | None = None, limits: Limits = GITHUB) -> str:
    """Return the same report with findings only: without those accepted, undecided or in the baseline.

    For readers that know neither `suppressions` nor `kind` nor `baselineState`, such as GitHub's code scanning,
    reviewdog and sarif-tools: they show every result as a new alert.
    """
    files = (structs.replace(file, undecided=(), accepted=(), baselined=()) for file in report.files)
    return render_sarif(structs.replace(report, files=tuple(files)), options, limits)


class _LogWriter:
    """Makes the results of a report once, and files of some or all of them."""

    def __init__(self, report: Report, options: ReportOptions, limits: Limits) -> None:
        self.report = report
        self.options = options
        self.limits = limits
        self.files = Files(options.root)
        self.rules = all_rules(report)
        for file in report.files:
            for name in (file.file, *sorted(file.sources)):
                self.files.location(name)
        self.full = list(self._results({rule.id: number for number, rule in enumerate(self.rules)}))
        self.results = [trimmed(result, limits) for result in self.full]
        self.inputs = [self._input(error) for error in report.errors]
        self.late = [self._overdue(use) for use in overdue(report)]
        self.baselines = [self.files.location(use.file) for use in overdue(report)]

    def _results(self, numbers: dict[str, int]) -> list[sarif.Result]:
        writers = {
            id(file): ResultWriter(self.files, numbers, file.sources, bool(file.baseline)) for file in self.report.files
        }
        made = [writers[id(file)].finding(finding) for file, finding in self.report.ordered]
        for file in self.report.files:
            writer = writers[id(file)]
            made += map(writer.baselined, file.baselined)
            made += map(writer.accepted, file.accepted)
            made += map(writer.question, file.undecided)
        return made

    def encoded(self, most: int) -> bytes:
        """Return the file with at most so many results."""
        rules, results = self._fitting(most_severe(self.results, most))
        driver = sarif.Driver(
            "archlint",
            [descriptor(rule) for rule in rules],
            [_about(name, *texts) for name, texts in _NOTIFICATIONS.items()],
            self.options.version,
            REPOSITORY,
            "en",
            f"archlint {self.options.version}".strip(),
        )
        run = sarif.Run(
            sarif.Tool(driver),
            [self._invocation(len(self.rules) - len(rules), results)],
            {BASE: sarif.BaseId(sarif.Message("The folder where archlint was run."))},
            [_artifact(location, location in self.baselines) for location in self.files.listed()],
            results,
            "unicodeCodePoints",
            "utf-8",
            _automation(self.options),
            self._properties(),
        )
        return msgspec.json.format(msgspec.json.encode(sarif.Log(SCHEMA, "2.1.0", [run])), indent=2)

    def _properties(self) -> dict[str, sarif.Value]:
        """Return what to write next in the files, the most decisive first, and the deployment files of the facts."""
        steps: list[sarif.Value] = [
            {"file": readable(relative_path(step.file, self.options.root)), "write": readable(step.write),
             "why": readable(step.why)}
            for step in next_steps(self.report)
        ]  # fmt: skip
        found: dict[str, sarif.Value] = {"next": steps} if steps else {}
        imported = dict.fromkeys(name for file in self.report.files for name in file.imported)
        if imported:
            found["imported"] = [readable(relative_path(name, self.options.root)) for name in imported]
        return found

    def _fitting(self, results: list[sarif.Result]) -> tuple[list[ActiveRule], list[sarif.Result]]:
        """Return as many rules as the limit allows, those with results first, and the results of these rules."""
        if len(self.rules) <= self.limits.rules:
            return self.rules, results
        named = dict.fromkeys(result.rule_index for result in sorted(results, key=rank))
        order = [*named, *(number for number in range(len(self.rules)) if number not in named)]
        kept = sorted(order[: self.limits.rules])
        numbers = {old: new for new, old in enumerate(kept)}
        fitting = [
            msgspec.structs.replace(result, rule_index=numbers[result.rule_index])
            for result in results
            if result.rule_index in numbers
        ]
        return [self.rules[number] for number in kept], fitting

    def _invocation(self, rules_cut: int, results: Sequence[sarif.Result]) -> sarif.Invocation:
        told = [*self.inputs, *self.late]
        if self.report.skipped:
            skipped = skipped_text(self.report)
            told.append(_notification("files-skipped", "note", skipped))
        told += [_notification("report-cut", "warning", text) for text in self._cuts(rules_cut, results)]
        return sarif.Invocation(not self.report.errors, self.options.exit_status, told)

    def _cuts(self, rules_cut: int, results: Sequence[sarif.Result]) -> list[str]:
        """Return what was omitted, and what GitHub will not show."""
        told, limits = [], self.limits
        gone = len(self.results) - len(results)
        if gone:
            out = f"{gone:,} of {plural(len(self.results), 'result')} omitted (the least severe)"
            told.append(f"{out}: {_why(limits)}.")
        elif len(results) > limits.shown_results:
            told.append(f"{len(results):,} results: GitHub shows the {limits.shown_results:,} most severe.")
        if rules_cut:
            told.append(f"{plural(rules_cut, 'rule')} omitted: GitHub accepts at most {limits.rules:,}.")
        shorter = sum(whole is not kept for whole, kept in zip(self.full, self.results, strict=True))
        if shorter:
            most = f"{limits.locations:,} places and {limits.flow_locations:,} steps of a path"
            told.append(f"{plural(shorter, 'result')} with fewer places than found: GitHub accepts at most {most}.")
        return told

    def _overdue(self, use: BaselineUse) -> sarif.Notification:
        line, file = use.line, self.files.location(use.file)
        places = [self.files.place(Location(use.file, line, 1, line, 2)) if line else
                  sarif.Location(physical_location=sarif.PhysicalLocation(file))]  # fmt: skip
        return _notification("baseline-strict", "error", spent_text(use), places)

    def _input(self, error: InputError) -> sarif.Notification:
        text = f"{flat(error.message)} ({flat(error.hint)})" if error.hint else flat(error.message)
        at = error_place(error)
        if at is not None:
            line, column = at
            places = [self.files.place(Location(error.file, line, column, line, column + 1))]
        elif error.file:
            places = [sarif.Location(physical_location=sarif.PhysicalLocation(self.files.location(error.file)))]
        else:
            places = []
        return _notification("input-not-read", "error", text, places)


def _automation(options: ReportOptions) -> sarif.AutomationDetails | None:
    """Return the name of the run if the caller knows it; otherwise None: an id would override an upload's category."""
    if not options.run_id:
        return None
    properties: dict[str, sarif.Value] = {name: readable(value) for name, value in options.run_properties.items()}
    return sarif.AutomationDetails(readable(options.run_id), properties)


def _about(name: str, what: str, means: str, next_step: str) -> sarif.Descriptor:
    short, full, helps = sarif.Message(what), sarif.Message(means), sarif.Message(next_step)
    title = "".join(word.capitalize() for word in name.split("-"))
    return sarif.Descriptor(name, title, short_description=short, full_description=full, help=helps)


def _why(limits: Limits) -> str:
    return f"GitHub accepts at most {limits.results:,}, and {limits.gzip_bytes / 1e6:g} MB compressed by gzip"


def _notification(kind: str, level: str, text: str, places: Sequence[sarif.Location] = ()) -> sarif.Notification:
    reference = sarif.DescriptorReference(kind, _NUMBERS[kind])
    return sarif.Notification(reference, level, sarif.Message(literal(text)), list(places))


def _artifact(location: sarif.ArtifactLocation, is_baseline: bool) -> sarif.Artifact:
    """Describe a file. RFC 9512 names the media type; that of a baseline is registered nowhere."""
    if is_baseline:
        return sarif.Artifact(location, roles=["userSpecifiedConfiguration"])
    return sarif.Artifact(location, "application/yaml", "yaml", ["analysisTarget"])
