"""An import: finds deployment files, reads them, and merges what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.detect import KUBERNETES
from archlint.importers.draft import Draft, draft
from archlint.importers.entrances import add_entrances
from archlint.importers.evidence import Evidence, gather
from archlint.importers.files import Files
from archlint.importers.formats import FORMATS, Format, load, recognise
from archlint.importers.joining import join
from archlint.importers.kinds import STORES, infer
from archlint.importers.names import Names
from archlint.importers.objects import Unit
from archlint.importers.outside import known_queues
from archlint.importers.technologies import shows_a_store
from archlint.source.files import real_path

MAX_NOTES: Final = 50
QUIET_KINDS: Final = STORES | {"model-server", "monitoring", "load-balancer"}
"""Kinds that rarely call what shared variables name."""
CLOCKED: Final = frozenset({"queue", "cache", "database"})
"""Kinds that the clock of a task queue uses: the queue, and where it keeps its schedule."""


class Imported(msgspec.Struct):
    """What an import found: the draft, the files that were read, and what was left out, each with its reason.

    `advice` says what to do about files of formats that archlint knows and cannot read.
    """

    draft: Draft
    sources: list[str]
    left_out: list[tuple[str, str]]
    errors: list[UnreadableInputError]
    advice: list[str] = []
    has_charts: bool = False

    @property
    def reasons(self) -> str:
        """Why nothing was found: the files by reason."""
        counted = Counter(reason for _, reason in self.left_out)
        if len(self.left_out) == 1:
            return self.left_out[0][1]
        return "; ".join(
            f"{reason} ({number} {'file' if number == 1 else 'files'})" for reason, number in counted.most_common(5)
        )


def import_files(
    paths: Sequence[Path], root: Path, explicit: bool = False, given: Mapping[Path, bytes] | None = None,
    values: Sequence[Path] = (), progress: Callable[[int], None] = lambda done: None,
    rename: Callable[[str], str] = str,
) -> Imported:  # fmt: skip
    """Import files; with `explicit`, Compose files are merged in the order of the call.

    `given` are the contents of files that can be read only once, and `values` the files of values for Helm charts.
    `progress` gets the number of files whose format is known, and once more at the end. `rename` gives a path, or a
    text with paths, as messages show it: files of a revision lie in a temporary folder.
    """
    files = Files(root, explicit, given, rename)
    files.values += values
    by_format: dict[str, list[Path]] = {}
    left_out: list[tuple[str, str]] = []
    errors: dict[Path, UnreadableInputError] = {}
    advice: list[str] = []
    for number, path in enumerate(paths):
        progress(number)
        try:
            found = recognise(path, files)
        except UnreadableInputError as error:
            errors[path] = error
            continue
        if found.format is None:
            left_out.append((str(path), found.reason))
            advice += [f"{path}: {found.reason}"] if found.is_advice else []
        else:
            by_format.setdefault(found.format.name, []).append(path)
    notes: list[str] = []
    units: list[Unit] = []
    for row in sorted(FORMATS, key=lambda row: row.is_last):
        chosen = [path for path in by_format.get(row.name, ()) if real_path(path) not in files.claimed]
        if row.is_last and not explicit and any(not unit.program for unit in units):
            reason = f"{row.title}: other files describe containers; name this file to read it too"
            left_out += ((str(path), reason) for path in chosen)
        elif chosen or (row.name == KUBERNETES and files.manifests):
            units += _read(row, chosen, files, notes, left_out)
    progress(len(paths))
    units, places = join(units)
    names = Names(units, places)
    evidence, outside = gather(units, names)
    queues, uses = known_queues(outside, [unit.name for unit in units])
    units, evidence = [*units, *queues], [*evidence, *uses]
    infer(units, evidence)
    evidence = list(_without_strangers(evidence))
    made = draft(units, evidence, outside)
    made.workloads = add_entrances(made)
    made.notes = [rename(note) for note in dict.fromkeys(notes)][:MAX_NOTES]
    known = files.claimed | files.sides
    left_out = [(rename(path), rename(reason)) for path, reason in left_out if real_path(Path(path)) not in known]
    failed = [error for path, error in errors.items() if real_path(path) not in files.claimed]
    said = [_renamed(one, rename) for one in (*failed, *files.errors)]
    return Imported(
        made, [files.shown(path) for path in files.used], left_out, said, [rename(one) for one in advice],
        bool(by_format.get("helm")),
    )  # fmt: skip


def _without_strangers(evidence: list[Evidence]) -> Iterator[Evidence]:
    """Leave out what shared variables name if a quiet unit has them only because others do.

    Variables that only quiet units share, such as those of a monitor and its worker, are theirs.
    """
    loud = {(one.site.file, one.site.span.start) for one in evidence if one.shared and not _is_quiet(one.source)}
    for one in evidence:
        place, source = (one.site.file, one.site.span.start), one.source
        is_clock = source.kind == "scheduler" and source.uses == "celery"          # it only sends tasks
        is_strange = (is_clock and one.target.kind not in CLOCKED) or (_is_quiet(source) and place in loud)
        if not one.shared or not is_strange:
            yield one


def _is_quiet(unit: Unit) -> bool:
    """Whether a unit rarely calls what shared variables name: by its kind, or as a public page of one store."""
    return unit.kind in QUIET_KINDS or (unit.image is not None and shows_a_store(unit.image.text))


def _renamed(error: UnreadableInputError, rename: Callable[[str], str]) -> UnreadableInputError:
    message = rename(error.message)
    return error if message == error.message else UnreadableInputError(message, rename(error.hint))


def _read(
    row: Format, paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]
) -> list[Unit]:
    """Read the files of one format."""
    used, known = len(files.used), len(left_out)
    said = len(left_out) + len(notes) + len(files.errors)
    try:
        units = load(row)(paths, files, notes, left_out)
    except UnreadableInputError as error:
        files.errors.append(error)
        return []
    if not units and not files.manifests and said == len(left_out) + len(notes) + len(files.errors):
        left_out += ((str(path), f"{row.title}: nothing in it that runs") for path in paths)
        files.claimed.difference_update(map(real_path, paths))
        return units
    if len(files.used) == used:
        skipped = {path for path, _ in left_out[known:]}
        files.used.update(dict.fromkeys(path for path in paths if str(path) not in skipped))
    return units
