"""A baseline applied to a report, and made of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from archlint.compare.entries import (
    Baseline,
    Entry,
    entries_of,
    occurrences,
    read_baseline,
    shown_path,
)
from archlint.compare.matching import Matched, Pair, match
from archlint.compare.moved import moved
from archlint.report.layout import plural
from archlint.verdicts import (
    Baselined,
    BaselineEntry,
    BaselineUse,
    FileReport,
    Finding,
    InputError,
    OpenQuestion,
    Report,
)


class Applied(msgspec.Struct, frozen=True):
    """What became of the entries of a baseline in one report.

    `files` are the reports with what is new only; `kept` are the entries that are still needed, under the names that
    hold now; `aside` are those of which nobody can say so, as their files or rules were not looked at. `known`
    counts the findings with a place that is kept, `new` those with one that is new.
    """

    files: tuple[FileReport, ...]
    kept: tuple[Entry, ...]
    aside: tuple[Entry, ...]
    healed: tuple[BaselineEntry, ...]
    accepted: tuple[BaselineEntry, ...]
    known: int = 0
    new: int = 0


def without_known(report: Report, baselines: Iterable[str]) -> Report:
    """Return a report whose findings are those that no baseline holds; each file is held against its own.

    A file whose findings a baseline holds, and which was passed over for want of its key, is an error of the report:
    else a slip in one line would pass for health. Raises `BaselineError` for a baseline that cannot be read.
    """
    done: dict[str, FileReport] = {}
    uses = []
    errors = []
    for file in baselines:
        baseline = read_baseline(Path(file))
        errors += unread(baseline, report)
        files = [one for one in report.files if one.baseline == file]
        if not files:
            continue
        applied = settle(baseline, files)
        done |= {one.key: one for one in applied.files}
        strict = any(one.baseline_strict for one in files)
        uses.append(BaselineUse(shown_path(file), applied.healed, applied.accepted, strict))
    return msgspec.structs.replace(
        report, files=tuple(done.get(file.key, file) for file in report.files), baselines=tuple(uses),
        errors=(*report.errors, *errors),
    )  # fmt: skip


def passed_over(baseline: Baseline, report: Report) -> dict[str, int]:
    """Return the files that a search passed over as no architectures, and how many findings a baseline holds of them.

    What an architecture includes needs no key, and was read.
    """
    held: Counter[str] = Counter()
    for entry in baseline.entries:
        held[entry.file] += entry.count
    read = {baseline.name_of(name) for file in report.files for name in (file.key, file.file, *file.sources)}
    left = [name for name in held if name not in read and baseline.path_of(name).exists()]
    others = {baseline.name_of(other): other for other in report.others} if left else {}
    return {others[name]: held[name] for name in left if name in others}


def unread(baseline: Baseline, report: Report) -> list[InputError]:
    """Return an error for each file that was passed over though a baseline holds findings of it."""
    shown = shown_path(baseline.file)
    anew = "`archlint baseline` takes them out" if report.files else f"take {shown} away"
    hint = f"restore the key: `archlint: 1`; if the file describes no system any more, {anew}"
    return [
        InputError(f"{name}: has no key `archlint` at the top, but {shown} holds {plural(count, 'finding')} of it",
                   hint, name)
        for name, count in passed_over(baseline, report).items()
    ]  # fmt: skip


def settle(baseline: Baseline, files: Sequence[FileReport], gone: Collection[str] = ()) -> Applied:
    """Match the entries of a baseline with the findings of some files.

    An entry of a rule that did not run, or whose rule is undecided at its place, stays as it is; so does one of a file
    that was not checked and is still there, unless it is said to be `gone`, by the name that entries have for it.
    """
    of_file: dict[str, list[Entry]] = {}
    for entry in baseline.entries:
        of_file.setdefault(entry.file, []).append(entry)
    names = {baseline.name_of(report.key): report for report in reversed(files)}
    checked = {baseline.name_of(report.file) for report in files}
    unchecked = {
        name for name in of_file.keys() - names.keys()
        if baseline.file_of(name) not in checked and baseline.path_of(name).exists()
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
        # The same file by another path is settled once more, but counts once.
        counting = settling if names[name] is report else _Settling(baseline, lines)
        settled.append(counting.file(name, report, of_file.get(name, ())))
    for name in of_file.keys() - names.keys():
        if name in unchecked and name not in gone:
            settling.aside += of_file[name]
        else:
            settling.healed += [settling.shown(entry, entry.count) for entry in of_file[name]]
    return settling.applied(settled)


class _Settling:
    """Sorts the entries of one file after the other into those that are kept, healed and accepted.

    `lines` are those of the entries in the baseline, by today's name of the file and fingerprint.
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
        """Settle the entries of one file; return its report with what is new."""
        ran = {rule.id for rule in report.rules}
        here = [msgspec.structs.replace(entry, file=name) for entry in entries]
        self.aside += [entry for entry in here if entry.rule not in ran]
        matched = match([entry for entry in here if entry.rule in ran], _all(report), report.signatures)
        taken = {id(one.finding) for one in report.accepted}
        still = [pair for pair in matched.pairs if id(pair.found.finding) not in taken]
        self.kept += entries_of(name, (pair.found for pair in still), report.signatures)
        self.known += len({id(pair.found.finding) for pair in still})
        self.new += sum(id(finding) not in taken for finding in matched.new)
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
        """Return all that was found, in the order of the entries."""
        healed, accepted = (tuple(sorted(part, key=_order)) for part in (self.healed, self.accepted))
        kept, aside = tuple(self.kept), tuple(self.aside)
        return Applied(tuple(files), kept, aside, healed, accepted, self.known, self.new)


def _order(entry: BaselineEntry) -> tuple[str, str, str]:
    return entry.file, entry.rule, entry.at


def _without(report: FileReport, matched: Matched, still: Iterable[Pair], was_file: str) -> FileReport:
    """Take the findings that are matched out of those that are open."""
    new = {id(finding) for finding in matched.new}
    # Of several entries, the same one whatever is renamed: the first.
    known = {id(one.found.finding): one for one in sorted(still, key=lambda one: one.entry.path, reverse=True)}
    baselined = tuple(
        Baselined(finding, pair.entry.fingerprint, ".".join(pair.entry.path) if pair.renamed else "", was_file)
        for finding in report.findings if id(finding) not in new and (pair := known.get(id(finding))) is not None
    )  # fmt: skip
    findings = tuple(finding for finding in report.findings if id(finding) in new)
    return msgspec.structs.replace(report, findings=findings, baselined=(*report.baselined, *baselined))


def is_open(entry: Entry, questions: Iterable[OpenQuestion]) -> bool:
    """Whether nobody can say that a finding is healed: its rule is undecided about the part where it stood."""
    part = _spelt(entry.path[:2])
    return any(
        question.rule == entry.rule and any(_is_within(place, part) for place in (question.at, *question.needs))
        for question in questions
    )


def _spelt(path: Sequence[str]) -> str:
    return ".".join(f'"{step}"' if "." in step else step for step in path)


def _is_within(place: str, part: str) -> bool:
    return place == part or place.startswith((f"{part}.", f"{part}["))


def _entries(name: str, report: FileReport) -> list[Entry]:
    """Return what a baseline would hold of a file."""
    return entries_of(name, occurrences(_all(report)), report.signatures)


def _all(report: FileReport) -> list[Finding]:
    return [*report.findings, *(one.finding for one in report.accepted)]


class Change(msgspec.Struct, frozen=True):
    """What writing a baseline anew changes, in places: a finding may speak of several.

    `known` and `new` count the findings of these places; of one that has both, each counts it. What was not looked at
    counts by its places, and of what is dropped nobody knows any more which places were one finding.
    """

    entries: tuple[Entry, ...]
    kept: int
    added: int
    dropped: int
    known: int
    new: int


def freeze(baseline: Baseline, files: Sequence[FileReport], gone: Collection[str] = ()) -> Change:
    """Return a baseline of all findings of some files; what was not looked at stays in it as it was.

    `gone` are files that are there, and describe no system any more, by the names that entries have for them.
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
    """Return a baseline without what is healed or accepted by now, under the names that hold now; nothing is added."""
    applied = settle(baseline, files)
    return _change(applied, _merged([*applied.kept, *applied.aside]), 0, 0)


def grown(before: Baseline, now: Baseline, files: Sequence[FileReport]) -> list[Finding]:
    """Return the findings that a baseline holds and an earlier one of it did not, whatever was renamed since."""
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
    """Join entries of the same place: their counts add up."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        known = found.get((entry.file, entry.fingerprint))
        count = entry.count + (known.count if known is not None else 0)
        found[entry.file, entry.fingerprint] = msgspec.structs.replace(entry, count=count)
    return list(found.values())


def _total(entries: Iterable[Entry]) -> int:
    return sum(entry.count for entry in entries)
