"""The file format of baselines: one finding a line, sorted, so that changes of several people rarely conflict.

The first line has the version, each other line is one entry in JSON. The order of lines does not matter, and duplicate
entries are ignored: a merge may keep the lines of both branches.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from archlint.baselined import BaselineEntry
from archlint.compare.signatures import Signatures, signature_of
from archlint.errors import ArchlintError, hint_to_read, hint_to_write
from archlint.findings import fingerprint
from archlint.model.quantities import shorten
from archlint.verdicts import Finding
from archlint.writing import write_file

VERSION: Final = 1
MARK: Final = "archlint-baseline"
_MAX_BYTES: Final = 100_000_000
_CONFLICT: Final = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


class BaselineError(ArchlintError):
    """A baseline that cannot be read or written."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A known finding at one place; `count` is how often it occurs there.

    `file` is relative to the folder of the baseline, with forward slashes. `path` is the structural path without
    positions in lists, and `others` are the paths of other places that cause the finding together with it. `signature`
    describes the place without names.
    """

    file: str
    rule: str
    path: tuple[str, ...]
    fingerprint: str
    signature: str = ""
    count: int = 1
    others: tuple[tuple[str, ...], ...] = ()

    def shown(self, count: int, line: int = 0) -> BaselineEntry:
        """Return the entry as reports show it, for some of its findings; `line` is its line in the baseline."""
        return BaselineEntry(self.file, self.rule, ".".join(self.path) or "system", count, line)


class Baseline(msgspec.Struct, frozen=True):
    """The entries of a baseline file; `lines` has the line of each entry, by checked file and fingerprint."""

    file: Path
    entries: tuple[Entry, ...] = ()
    lines: dict[tuple[str, str], int] = {}

    def name_of(self, file: str) -> str:
        """Return the name of a checked file in entries: relative to the baseline's folder, with forward slashes.

        >>> Baseline(Path("/project/archlint-baseline.jsonl")).name_of("/project/teams/arch.yaml")
        'teams/arch.yaml'
        """
        folder = os.path.realpath(os.path.dirname(os.path.abspath(self.file)))
        path = os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(file))), os.path.basename(file))
        with suppress(ValueError):  # on another drive
            path = os.path.relpath(path, folder)
        return path.replace(os.sep, "/")

    def path_of(self, name: str) -> Path:
        """Return the path of a file by its name in entries."""
        return self.file.parent / self.file_of(name)

    def file_of(self, name: str) -> str:
        """Return the name of a file in entries without the suffix that distinguishes several systems of one file.

        >>> Baseline(Path("archlint-baseline.jsonl")).file_of("teams/arch.yaml#staging")
        'teams/arch.yaml'
        """
        file, sign, _ = name.rpartition("#")
        return file if sign and not (self.file.parent / name).exists() else name


def shown_path(file: Path | str) -> str:
    """Name a file for messages: relative if it is below the current folder."""
    absolute, here = os.path.abspath(file), os.getcwd()
    return os.path.relpath(absolute, here) if absolute.startswith(here.rstrip(os.sep) + os.sep) else str(file)


class Occurrence(msgspec.Struct, frozen=True):
    """One place of a finding, or all its places if only together they are at fault.

    `fingerprint` is that of the rule and the first path.
    """

    finding: Finding
    fingerprint: str
    path: tuple[str, ...]
    others: tuple[tuple[str, ...], ...] = ()


def occurrences(findings: Iterable[Finding]) -> list[Occurrence]:
    """Return the occurrences of some findings: one for each place that is at fault by itself."""
    found = []
    for finding in findings:
        first, *others = finding.paths or (("system",),)
        if finding.joint:
            found.append(Occurrence(finding, path_fingerprint(finding.rule, first), first, tuple(others)))
            continue
        for path in (first, *others):
            found.append(Occurrence(finding, path_fingerprint(finding.rule, path), path))
    return found


def path_fingerprint(rule: str, path: Iterable[str]) -> str:
    """Return the fingerprint that all findings of one rule at one place share."""
    return fingerprint(rule, ".".join(path) or "system")


def entries_of(name: str, found: Iterable[Occurrence], parts: Signatures) -> list[Entry]:
    """Return the entries of the occurrences in one file; `name` is its name in the baseline."""
    entries: dict[str, Entry] = {}
    for one in found:
        known = entries.get(one.fingerprint)
        if known is not None:
            entries[one.fingerprint] = msgspec.structs.replace(known, count=known.count + 1)
        else:
            signature = signature_of((one.path, *one.others), parts)
            entries[one.fingerprint] = Entry(
                name, one.finding.rule, one.path, one.fingerprint, signature, others=one.others
            )
    return list(entries.values())


_WRITE_ONE: Final = "write one with `archlint baseline`, or do without: --no-baseline"


def read_baseline(file: Path, hint: str = _WRITE_ONE) -> Baseline:
    """Read a baseline; raises `BaselineError` with the line if the file is not a baseline.

    `hint` is what to do next if the file cannot be a baseline at all.
    """
    shown = shown_path(file)
    return parse_baseline(_text(file, shown, hint), file, shown)


def parse_baseline(text: str, file: Path, shown: str) -> Baseline:
    """Parse the text of a baseline whose entries are relative to the folder of `file`; raises `BaselineError`."""
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if line.startswith(_CONFLICT):
            message = f"{shown}:{number}: the baseline has a merge conflict"
            raise BaselineError(message, "keep the lines of both sides, then run `archlint baseline --update`")
    head, number = next(((line, n) for n, line in enumerate(lines, start=1) if line.strip()), ("", 1))
    _check_version(_decode(head, f"{shown}:{number}"), f"{shown}:{number}")
    found: dict[tuple[str, str], Entry] = {}
    stands: dict[tuple[str, str], int] = {}
    for index, line in enumerate(lines[number:], start=number + 1):
        where = f"{shown}:{index}"
        data = _decode(line, where) if line.strip() else None
        if data is None or data == {MARK: VERSION}:      # from both sides of a merge
            continue
        try:
            entry = msgspec.convert(data, Entry)
        except msgspec.ValidationError as error:
            raise BaselineError(f"{where}: no entry of a baseline: {error}", _DAMAGED) from None
        if entry.count < 1 or entry.fingerprint != path_fingerprint(entry.rule, entry.path):
            message = f"{where}: the entry of {shorten(entry.rule)} does not fit together"
            raise BaselineError(message, _DAMAGED)
        known = found.get((entry.file, entry.fingerprint))
        if known is None or known.count < entry.count:
            found[entry.file, entry.fingerprint] = entry
            stands[entry.file, entry.fingerprint] = index
    return Baseline(file, tuple(sorted(found.values(), key=_order)), stands)


_DAMAGED: Final = "restore the line, or take it out and run `archlint baseline`"


def _text(file: Path, shown: str, hint: str) -> str:
    try:
        if file.is_dir():
            raise BaselineError(f"{shown}: is a folder, and a baseline is a file", _FOLDER)
        if not file.is_file():
            what = "a baseline is a regular file, and this is none" if file.exists() else "there is no such baseline"
            raise BaselineError(f"{shown}: {what}", hint)
        with file.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise BaselineError(f"{shown}: cannot be read: {error.strerror or error}", hint_to_read(error, hint)) from None
    except ValueError:                             # a NUL in the name
        raise BaselineError(f"{shown!r}: there is no such baseline", hint) from None
    if len(data) > _MAX_BYTES:
        raise BaselineError(f"{shown}: too large for a baseline", hint)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BaselineError(f"{shown}: no baseline: byte {error.start} is not UTF-8", _NO_BASELINE) from None


_FOLDER: Final = "name another file, or move the folder away"
_NO_BASELINE: Final = "name a file that `archlint baseline` has written; others are never overwritten"


def _decode(line: str, where: str) -> object:
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError):
        what = "the baseline is empty" if not line.strip() else "no line of a baseline"
        raise BaselineError(f"{where}: {what}", _NO_BASELINE) from None
    return data


def _check_version(head: object, where: str) -> None:
    if not isinstance(head, dict) or set(head) != {MARK}:
        raise BaselineError(f'{where}: no baseline: it does not start with {{"{MARK}": {VERSION}}}', _NO_BASELINE)
    if head[MARK] != VERSION or isinstance(head[MARK], bool):
        message = f"{where}: a baseline of version {shorten(str(head[MARK]))}; this archlint reads version {VERSION}"
        hint = "update archlint; or remove the file and freeze today's findings with `archlint baseline`"
        raise BaselineError(message, hint)


def _order(entry: Entry) -> tuple[str, str, tuple[str, ...]]:
    return entry.file, entry.rule, entry.path


def baseline_text(entries: Iterable[Entry]) -> str:
    """Return the text of a baseline.

    >>> print(baseline_text([Entry("arch.yaml", "REL001", ("components", "lb"), "d5a5", "load-balancer")]), end="")
    {"archlint-baseline": 1}
    {"file": "arch.yaml", "rule": "REL001", "path": ["components", "lb"], "fingerprint": "d5a5", \
"signature": "load-balancer"}
    """
    rows: list[object] = [{MARK: VERSION}, *(msgspec.to_builtins(entry) for entry in sorted(entries, key=_order))]
    return "".join(_line(row) + "\n" for row in rows)


def _line(row: object) -> str:
    text = json.dumps(row, ensure_ascii=False)
    # Names of files can be invalid Unicode, and U+2028 breaks lines in some editors.
    return text if text.isprintable() else json.dumps(row)


def write_baseline(file: Path, entries: Iterable[Entry], inside: Path | None = None) -> None:
    """Write a baseline atomically; one that a configuration names must be `inside` a folder.

    A link is followed: its target is written, and the link stays.
    """
    try:
        write_file(file, baseline_text(entries).encode("utf-8", "surrogateescape"), inside)
    except OSError as error:
        message = f"{shown_path(file)}: cannot be written: {error.strerror}"
        raise BaselineError(message, hint_to_write(error)) from None
