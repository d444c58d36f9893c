"""Apply a baseline to a report, and make a baseline from a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from archlint.baselined import BaselineEntry, BaselineUse
from archlint.compare.entries import (
    Baseline,
    BaselineError,
    Entry,
    entries_of,
    occurrences,
    read_baseline,
    shown_path,
)
from archlint.compare.matching import Matched, Pair, match
from archlint.compare.moved import moved
from archlint.findings import count_of
from archlint.inputs import InputError, input_errors
from archlint.report.layout import plural
from archlint.verdicts import Baselined, FileReport, Finding, OpenQuestion, Report


class Applied(msgspec.Struct, frozen=True):
    """The entries of a baseline, sorted by what one report shows of them.

    `files` are the reports with new findings only. `kept` are the entries that are still needed, under their current
    names. `aside` are the entries that this run cannot judge, because their files or rules were not checked. `known`
    is the number of findings with a place that is kept, `new` the number of those with a new place.
    """

    files: tuple[FileReport, ...]
    kept: tuple[Entry, ...]
    aside: tuple[Entry, ...]
    healed: tuple[BaselineEntry, ...]
    accepted: tuple[BaselineEntry, ...]
    known: int = 0
    new: int = 0


def without_known(report: Report, baselines: Iterable[str]) -> Report:
    """Return a report without the findings that a baseline holds; each file is compared with its own baseline.

    A file without the key `archlint` is skipped. If a baseline holds findings of it, that is an error of the report:
    otherwise a typo in one line would look like a pass. A baseline that cannot be read is an error of the report, which
    then leaves out the files of that baseline.
    """
    done: dict[str, FileReport] = {}
    uses = []
    errors: list[InputError] = []
    unknown = set()
    for file in baselines:
        try:
            baseline = read_baseline(Path(file))
        except BaselineError as error:
            errors += input_errors(error)
            unknown.add(file)
            continue
        errors += unread(baseline, report)
        files = [one for one in report.files if one.baseline == file]
        if not files:
            continue
        applied = settle(baseline, files, partial=report.partial)
        done |= {one.key: one for one in applied.files}
        strict = any(one.baseline_strict for one in files)
        uses.append(BaselineUse(shown_path(file), applied.healed, applied.accepted, strict))
    return msgspec.structs.replace(
        report, files=tuple(done.get(one.key, one) for one in report.files if one.baseline not in unknown),
        baselines=tuple(uses), errors=(*report.errors, *errors),
    )  # fmt: skip


def passed_over(baseline: Baseline, report: Report) -> dict[str, int]:
    """Return the files that a search skipped, and how many findings a baseline holds of each.

    Files that an architecture includes need no key: they were read.
    """
    held: Counter[str] = Counter()
    for entry in baseline.entries:
        held[entry.file] += entry.count
    read = {baseline.name_of(name) for file in report.files for name in (file.key, file.file, *file.sources)}
    left = [name for name in held if name not in read and baseline.path_of(name).exists()]
    others = {baseline.name_of(other): other for other in report.others} if left else {}
    return {others[name]: held[name] for name in left if name in others}


def unread(baseline: Baseline, report: Report) -> list[InputError]:
    """Return an error for each skipped file of which a baseline holds findings."""
    shown = shown_path(baseline.file)
    remove = "`archlint baseline` removes them" if report.files else f"delete {shown}"
    hint = f"restore the key: `archlint: 1`; if the file no longer describes a system, {remove}"
    return [
        InputError(f"{name}: has no key `archlint` at the top, but {shown} holds {plural(count, 'finding')} of it",
                   hint, name)
        for name, count in passed_over(baseline, report).items()
    ]  # fmt: skip


def settle(
    baseline: Baseline, files: Sequence[FileReport], gone: Collection[str] = (), partial: bool = False
) -> Applied:
    """Match the entries of a baseline with the findings of some files.

    An entry stays as it is if its rule did not run or is undecided at its place, or if its file exists but was not
    checked. `gone` are files that exist but no longer describe a system, by the names that entries use. With `partial`,
    other systems of the files were not checked.
    """
    of_file: dict[str, list[Entry]] = {}
    for entry in baseline.entries:
        of_file.setdefault(entry.file, []).append(entry)
    names = {baseline.name_of(report.key): report for report in reversed(files)}
    checked = {baseline.name_of(report.file) for report in files}
    unchecked = {
        name for name in of_file.keys() - names.keys()
        if (partial or baseline.file_of(name) not in checked) and baseline.path_of(name).exists()
    }  # fmt: skip
    lines = dict(baseline.lines)
    left = {name: of_file[name] for name in of_file.keys() - names.keys() - unchecked}
    fresh = {name: _entries(name, report) for name, report in names.items() if left and name not in of_file}
    for old, new in moved(left, fresh).items():
        of_file[new] = of_file.pop(old)
        lines |= {(new, print_): line for (file, print_), line in baseline.lines.items() if file == old}
    settling = _Settling(baseline, lines)
    settled = []
    for report in files:
        name = baseline.name_of(report.key)
        # The same file under another path is settled again, but its findings are added up only once.
        counting = settling if names[name] is report else _Settling(baseline, lines)
        settled.append(counting.file(name, report, of_file.get(name, ())))
    for name in of_file.keys() - names.keys():
        if name in unchecked and name not in gone:
            settling.aside += of_file[name]
        else:
            settling.healed += [settling.shown(entry, entry.count) for entry in of_file[name]]
    return settling.applied(settled)


class _Settling:
    """Sorts the entries of each file into kept, resolved and accepted ones.

    `lines` has the line of each entry in the baseline, by the current name of its file and its fingerprint.
    """

    def __init__(self, baseline: Baseline, lines: Mapping[tuple[str, str], int]) -> None:
        self.baseline = baseline
        self.lines = lines
        self.kept: list[Entry] = []
        self.aside: list[Entry] = []
        self.healed: list[BaselineEntry] = []
        self.accepted: list[BaselineEntry] = []
        self.known = 0
        self.new = 0

    def file(self, name: str, report: FileReport, entries: Sequence[Entry]) -> FileReport:
        """Settle the entries of one file; return its report with new findings only."""
        ran = {rule.id for rule in report.rules}
        here = [msgspec.structs.replace(entry, file=name) for entry in entries]
        self.aside += [entry for entry in here if entry.rule not in ran]
        matched = match([entry for entry in here if entry.rule in ran], _all(report), report.signatures)
        taken = {id(one.finding) for one in report.accepted}
        still = [pair for pair in matched.pairs if id(pair.found.finding) not in taken]
        self.kept += entries_of(name, (pair.found for pair in still), report.signatures)
        self.known += count_of({id(pair.found.finding): pair.found.finding for pair in still}.values())
        self.new += count_of(finding for finding in matched.new if id(finding) not in taken)
        accepted = Counter(pair.entry for pair in matched.pairs if id(pair.found.finding) in taken)
        self.accepted += [self.shown(entry, count) for entry, count in accepted.items()]
        for entry, count in matched.gone:
            if is_open(entry, report.undecided):
                self.aside.append(msgspec.structs.replace(entry, count=count))
            else:
                self.healed.append(self.shown(entry, count))
        was = next((str(self.baseline.path_of(entry.file)) for entry in entries if entry.file != name), "")
        return _without(report, matched, still, was)

    def shown(self, entry: Entry, count: int) -> BaselineEntry:
        """Return an entry as reports show it, for some of its findings."""
        return entry.shown(count, self.lines.get((entry.file, entry.fingerprint), 0))

    def applied(self, files: Iterable[FileReport]) -> Applied:
        """Return the result of all files, in the order of the entries."""
        healed, accepted = (tuple(sorted(part, key=_order)) for part in (self.healed, self.accepted))
        kept, aside = tuple(self.kept), tuple(self.aside)
        return Applied(tuple(files), kept, aside, healed, accepted, self.known, self.new)


def _order(entry: BaselineEntry) -> tuple[str, str, str]:
    return entry.file, entry.rule, entry.at


def _without(report: FileReport, matched: Matched, still: Iterable[Pair], was_file: str) -> FileReport:
    """Move the matched findings from the open ones to those that the baseline holds."""
    new = {id(finding) for finding in matched.new}
    # A finding can match several entries. Show the first, so that a rename does not change which one is shown.
    known = {id(one.found.finding): one for one in sorted(still, key=lambda one: one.entry.path, reverse=True)}
    baselined = tuple(
        Baselined(finding, pair.entry.fingerprint, ".".join(pair.entry.path) if pair.renamed else "", was_file)
        for finding in report.findings if id(finding) not in new and (pair := known.get(id(finding))) is not None
    )  # fmt: skip
    findings = tuple(finding for finding in report.findings if id(finding) in new)
    return msgspec.structs.replace(report, findings=findings, baselined=(*report.baselined, *baselined))


def is_open(entry: Entry, questions: Iterable[OpenQuestion]) -> bool:
    """Whether a finding may still be there: its rule is undecided about the part that had it.

    It may be where a question does not name all that it needs, too.
    """
    part = _spelt(entry.path[:2])
    return any(
        question.rule == entry.rule
        and (question.more or any(_is_within(at, part) for at in (question.at, *question.needs, *question.unread)))
        for question in questions
    )


def _spelt(path: Sequence[str]) -> str:
    return ".".join(f'"{step}"' if "." in step else step for step in path)


def _is_within(place: str, part: str) -> bool:
    return place == part or place.startswith((f"{part}.", f"{part}["))


def _entries(name: str, report: FileReport) -> list[Entry]:
    """Return the entries that a baseline would have for a file."""
    return entries_of(name, occurrences(_all(report)), report.signatures)


def _all(report: FileReport) -> list[Finding]:
    return [*report.findings, *(one.finding for one in report.accepted)]


class Change(msgspec.Struct, frozen=True):
    """What rewriting a baseline changes.

    `kept`, `added` and `dropped` are numbers of places: a finding may have several. `known` and `new` are numbers of
    findings; a finding with known and new places is in both. For entries that were not checked, `known` includes their
    places. `dropped` has no number of findings: entries do not record which places were one finding.
    """

    entries: tuple[Entry, ...]
    kept: int
    added: int
    dropped: int
    known: int
    new: int


def freeze(baseline: Baseline, files: Sequence[FileReport], gone: Collection[str] = ()) -> Change:
    """Return a baseline of all findings of some files; entries that were not checked stay as they are.

    `gone` are files that exist but no longer describe a system, by the names that entries use.
    """
    applied = settle(baseline, files, gone)
    today: dict[tuple[str, str], Entry] = {}
    for report in files:
        name = baseline.name_of(report.key)
        for entry in entries_of(name, occurrences(report.findings), report.signatures):
            today[name, entry.fingerprint] = entry
    added = _total(today.values()) - _total(applied.kept)
    return _change(applied, _merged([*today.values(), *applied.aside]), added, applied.new)


def shrink(baseline: Baseline, files: Sequence[FileReport]) -> Change:
    """Return a baseline without resolved and accepted findings, under current names; nothing is added."""
    applied = settle(baseline, files)
    return _change(applied, _merged([*applied.kept, *applied.aside]), 0, 0)


def grown(before: Baseline, now: Baseline, files: Sequence[FileReport]) -> list[Finding]:
    """Return the findings that a baseline holds and its earlier version did not; renames make no difference."""
    unknown = _unknown(settle(now, files))
    was_unknown = _unknown(settle(before, files))
    return [
        finding for report in files for finding in report.findings
        if id(finding) in was_unknown and id(finding) not in unknown
    ]  # fmt: skip


def _unknown(applied: Applied) -> set[int]:
    """Return the identities of the findings that no entry holds."""
    return {id(finding) for report in applied.files for finding in report.findings}


def _change(applied: Applied, entries: list[Entry], added: int, new: int) -> Change:
    dropped = sum(entry.count for entry in (*applied.healed, *applied.accepted))
    known = applied.known + _total(applied.aside)
    return Change(tuple(entries), _total(entries) - added, added, dropped, known, new)


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    """Join the entries of each place, and add up their counts."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        known = found.get((entry.file, entry.fingerprint))
        count = entry.count + (known.count if known is not None else 0)
        found[entry.file, entry.fingerprint] = msgspec.structs.replace(entry, count=count)
    return list(found.values())


def _total(entries: Iterable[Entry]) -> int:
    return sum(entry.count for entry in entries)
