"""Match entries whose names have changed, by signature."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final

import msgspec

from archlint.compare.entries import Entry, Occurrence
from archlint.compare.signatures import Part, Signatures, likeness, name_positions, named_parts, own_signature

Renames = Mapping[Part, str]
"""From a part under its old name to its new name."""
_MOST_PAIRS: Final = 40_000
"""The most pairs of entries and places of one signature that are compared; more are paired by their number alone."""
_LEAST: Final = 0.5
"""The least share of common items in the signatures of a part before and after a change."""
Path = tuple[str, ...]


class Group(msgspec.Struct, frozen=True, eq=False):
    """The occurrences of one rule at one place."""

    rule: str
    path: Path
    others: tuple[Path, ...]
    fingerprint: str
    signature: str
    found: list[Occurrence]


class Renamed:
    """Finds the entries whose names have changed.

    A rename is sure if an old name has only one possible new name, and that new name only one possible old one. Each
    sure rename rules out other candidates, until no more renames follow. If then as many entries as places are left for
    a signature, all of them were renamed: it does not matter which is which, because none is new.

    A part that was renamed and changed has another signature. It is recognised if the signatures of its old and new
    name have at least half of their items in common, more than those of any other name, and if at least half of its
    entries have their finding under the new name. One old name is joined with one new name.
    """

    def __init__(
        self, entries: Sequence[Entry], groups: Sequence[Group], parts: Signatures, known: Renames,
        before: Container[Part],
    ) -> None:  # fmt: skip
        self.before = before
        self.parts = parts
        self.new_of = dict(known)
        self.old_of = {(part[0], name): part for part, name in known.items()}
        self.entries: dict[tuple[str, str], list[Entry]] = {}
        self.groups: dict[tuple[str, str], list[Group]] = {}
        for entry in entries:
            self.entries.setdefault((entry.rule, entry.signature), []).append(entry)
        for group in groups:
            self.groups.setdefault((group.rule, group.signature), []).append(group)
        self.by_path = {(group.rule, path): group for group in groups for path in (group.path, *group.others)}

    def pairs(self, changed: bool = False) -> list[tuple[Entry, Group]]:
        """Return the entries, each with the current place of its findings; `changed` looks for changed parts too."""
        found = self._by_known_names()
        candidates = self._candidates()
        while self._learn(candidates):
            candidates = {
                entry: fitting for entry, groups in candidates.items()
                if (fitting := [group for group in groups if self._names(entry, group) is not None])
            }  # fmt: skip
        found += self._decide(candidates)
        found += self._by_known_names()
        while changed and self._learn_changed():
            found += self._by_known_names()
        return found

    def _learn_changed(self) -> bool:
        """Note the new names of parts that were renamed and changed; return whether there are any."""
        gone: dict[Part, list[Entry]] = {}
        for entry in (one for entries in self.entries.values() for one in entries if not one.others):
            for part in named_parts(entry.path[:2]):
                if part not in self.parts and part not in self.new_of:
                    gone.setdefault(part, []).append(entry)
        come = {
            part: self.parts[part] for groups in self.groups.values() for group in groups
            for part in named_parts(group.path[:2])
            if part in self.parts and part not in self.before and part not in self.old_of
        }  # fmt: skip
        if not gone or len(gone) * len(come) > _MOST_PAIRS:
            return False
        alike: dict[tuple[Part, Part], float] = {}
        for before, entries in gone.items():
            was = own_signature(entries[0].signature)
            for after, now in come.items():
                share = likeness(was, now) if before[0] == after[0] else 0.0
                if share >= _LEAST and 2 * sum(self._is_at(entry, after) for entry in entries) >= len(entries):
                    alike[before, after] = share
        sure = [
            pair for pair, share in alike.items()
            if all(share > other for rival, other in alike.items()
                   if rival != pair and (rival[0] == pair[0] or rival[1] == pair[1]))
        ]  # fmt: skip
        for before, after in sure:
            self.new_of[before] = after[1]
            self.old_of[after] = before
        return bool(sure)

    def _is_at(self, entry: Entry, after: Part) -> bool:
        """Whether the finding of an entry is found under another name of its part."""
        path = self._now(entry.path)
        return (entry.rule, (path[0], after[1], *path[2:])) in self.by_path

    def _by_known_names(self) -> list[tuple[Entry, Group]]:
        """Match entries by renames that are known already, whatever else has changed at their places."""
        found = []
        for entries in self.entries.values() if self.new_of else ():
            for entry in list(entries):
                renamed = [self._now(path) for path in (entry.path, *entry.others)]
                group = next((g for path in renamed if (g := self.by_path.get((entry.rule, path)))), None)
                if group is not None:
                    found.append((entry, group))
                    self._take(entry, group)
        return found

    def _now(self, path: Path) -> Path:
        """Return a path with the known new names."""
        steps = list(path)
        for index, section in name_positions(path).items():
            steps[index] = self.new_of.get((section, path[index]), path[index])
        return tuple(steps)

    def _take(self, entry: Entry, group: Group) -> None:
        self.entries[entry.rule, entry.signature].remove(entry)
        self.groups[group.rule, group.signature].remove(group)
        for path in (group.path, *group.others):
            self.by_path.pop((group.rule, path), None)

    def _candidates(self) -> dict[Entry, list[Group]]:
        """Return the possible new places of each entry."""
        found: dict[Entry, list[Group]] = {}
        for (rule, signature), entries in self.entries.items():
            groups = self.groups.get((rule, signature), [])
            if signature and len(entries) * len(groups) <= _MOST_PAIRS:
                for entry in entries:
                    fitting = [group for group in groups if self._names(entry, group) is not None]
                    if fitting:
                        found[entry] = fitting
        return found

    def _names(self, entry: Entry, group: Group) -> list[tuple[Part, Part]] | None:
        """Return the renames that lead from an entry to a place, or None if the place cannot be the same."""
        positions = name_positions(entry.path)
        if entry.others or len(entry.path) != len(group.path) or positions != name_positions(group.path):
            return None                        # the places of a joint finding cannot be distinguished
        renames = []
        for index, (old, new) in enumerate(zip(entry.path, group.path, strict=True)):
            section = positions.get(index)
            if section is None or old == new:
                if old != new:
                    return None
                continue
            before, after = (section, old), (section, new)
            if before in self.parts or after in self.before or not self._agrees(before, after):
                return None
            renames.append((before, after))
        return renames

    def _agrees(self, before: Part, after: Part) -> bool:
        """Whether a rename does not contradict the known ones."""
        return self.new_of.get(before, after[1]) == after[1] and self.old_of.get(after, before) == before

    def _learn(self, candidates: Mapping[Entry, Sequence[Group]]) -> bool:
        """Note the renames that are sure; return whether there are new ones."""
        afters: dict[Part, set[Part]] = {}
        befores: dict[Part, set[Part]] = {}
        for entry, groups in candidates.items():
            possible: dict[Part, set[Part]] = {}
            for group in groups:
                for before, after in self._names(entry, group) or ():
                    possible.setdefault(before, set()).add(after)
                    befores.setdefault(after, set()).add(before)
            for before, names in possible.items():
                afters[before] = afters[before] & names if before in afters else names
        sure = False
        for before, names in afters.items():
            if before not in self.new_of and len(names) == 1:
                after = next(iter(names))
                if befores[after] == {before}:
                    self.new_of[before] = after[1]
                    self.old_of[after] = before
                    sure = True
        return sure

    def _decide(self, candidates: Mapping[Entry, Sequence[Group]]) -> list[tuple[Entry, Group]]:
        """Pair unique candidates, then signatures with as many entries as places."""
        claims: dict[str, int] = {}
        for groups in candidates.values():
            for group in groups:
                claims[group.fingerprint] = claims.get(group.fingerprint, 0) + 1
        found = [
            (entry, groups[0]) for entry, groups in candidates.items()
            if len(groups) == 1 and claims[groups[0].fingerprint] == 1
        ]  # fmt: skip
        for entry, group in found:
            self._take(entry, group)
        for (rule, signature), entries in self.entries.items():
            rest = self.groups.get((rule, signature), [])
            if (
                signature and entries and len(entries) == len(rest) and all(map(self._may_have_moved, entries))
                and all(map(self._may_be_new, rest))
            ):  # fmt: skip
                order = sorted(rest, key=lambda group: group.path)
                found += zip(sorted(entries, key=lambda entry: entry.path), order, strict=True)
        for entry, group in found:
            if entry in self.entries[entry.rule, entry.signature]:
                self._take(entry, group)
        return found

    def _may_have_moved(self, entry: Entry) -> bool:
        """Whether some name on the path of an entry no longer exists."""
        positions = name_positions(entry.path)
        return any((section, entry.path[index]) not in self.parts for index, section in positions.items())

    def _may_be_new(self, group: Group) -> bool:
        """Whether some name on the path of a place was not there before."""
        return any(part not in self.before for part in named_parts(group.path))
