"""Match findings with entries: by fingerprint, and after renames by signature."""

from __future__ import annotations

from collections.abc import Container, Iterable

import msgspec

from archlint.compare.entries import Entry, Occurrence, occurrences
from archlint.compare.renamed import Group, Renamed, Renames
from archlint.compare.signatures import Part, Signatures, named_parts, signature_of
from archlint.verdicts import Finding


class Pair(msgspec.Struct, frozen=True):
    """An occurrence with its entry; `renamed` if their paths differ."""

    found: Occurrence
    entry: Entry
    renamed: bool = False


class Matched(msgspec.Struct, frozen=True):
    """The pairs, the new findings, and the entries whose findings are gone, each with their number.

    A finding is new if any of its places is new. The entries of its other places are still among the pairs.
    """

    pairs: tuple[Pair, ...] = ()
    new: tuple[Finding, ...] = ()
    gone: tuple[tuple[Entry, int], ...] = ()


def match(
    entries: Iterable[Entry], findings: Iterable[Finding], parts: Signatures, renames: Renames | None = None,
    before: Container[Part] = (),
) -> Matched:  # fmt: skip
    """Match the findings of one file with its entries.

    `parts` are the signatures of the current system. A name that still exists was not renamed: an entry fits another
    place only if its differing names are gone. `renames` are those that the caller knows; `before` are the parts of the
    old version: none of them is the new name of another part. Without `renames`, a part that was renamed and changed in
    other ways is recognised too.
    """
    sorting = _Sorting()
    groups = _grouped(occurrences(findings), parts)
    entries = list(entries)
    changed = renames is None
    if changed:                                        # a part that has a known finding was there before
        before = {part for entry in entries if entry.fingerprint in groups for part in named_parts(entry.path)}
    rest = []
    for entry in entries:
        group = groups.pop(entry.fingerprint, None)
        if group is None:
            rest.append(entry)
        else:
            sorting.pair(entry, group)
    rest = sorting.overlapping(rest, groups)
    moved = []
    if rest and groups:
        moved = Renamed(rest, list(groups.values()), parts, renames or {}, before).pairs(changed)
    for entry, group in moved:
        sorting.pair(entry, groups.pop(group.fingerprint), renamed=True)
    done = {entry for entry, _ in moved}
    sorting.gone += [(entry, entry.count) for entry in rest if entry not in done]
    for group in groups.values():
        sorting.new += group.found
    return sorting.matched()


def _grouped(found: Iterable[Occurrence], parts: Signatures) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for one in found:
        if one.fingerprint not in groups:
            signature = signature_of((one.path, *one.others), parts)
            groups[one.fingerprint] = Group(one.finding.rule, one.path, one.others, one.fingerprint, signature, [])
        groups[one.fingerprint].found.append(one)
    return groups


class _Sorting:
    """Collects the pairs, and what matches nothing."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.new: list[Occurrence] = []
        self.gone: list[tuple[Entry, int]] = []

    def pair(self, entry: Entry, group: Group, renamed: bool = False) -> None:
        """Match as many occurrences as the entry's count; the others are new."""
        self.pairs += [Pair(one, entry, renamed) for one in group.found[: entry.count]]
        self.new += group.found[entry.count :]
        if entry.count > len(group.found):
            self.gone.append((entry, entry.count - len(group.found)))

    def overlapping(self, entries: Iterable[Entry], groups: dict[str, Group]) -> list[Entry]:
        """Match entries with several places by any one of them; return the other entries."""
        holders: dict[tuple[str, tuple[str, ...]], str] = {}
        for group in groups.values():
            for path in (group.path, *group.others):
                holders.setdefault((group.rule, path), group.fingerprint)
        rest = []
        for entry in entries:
            found = (holders.get((entry.rule, path)) for path in (entry.path, *entry.others))
            held = next((one for one in found if one in groups), None)
            if held is None:
                rest.append(entry)
            else:
                self.pair(entry, groups.pop(held))
        return rest

    def matched(self) -> Matched:
        new = {id(one.finding): one.finding for one in self.new}
        return Matched(tuple(self.pairs), tuple(new.values()), tuple(self.gone))
