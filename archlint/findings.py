"""Findings as reports show them: their lines and texts; and what one decision fixes, as one finding with its places."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache
from typing import Final, Protocol

import msgspec


class Severity(Enum):
    """The severity of a finding."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return _RANKS[self]


_RANKS: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


class _Hash(Protocol):
    def hexdigest(self) -> str: ...


@cache
def _sha256() -> Callable[[bytes], _Hash]:
    """Return SHA-256 from Python's own module if available, because `hashlib` loads OpenSSL, which is slow."""
    from importlib import import_module

    try:
        made: Callable[[bytes], _Hash] = import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256
    except ImportError:
        from hashlib import sha256 as made
    return made


def fingerprint(rule: str, identity: str, ordinal: int = 0) -> str:
    """Return the identity of a finding across edits: it depends on the rule and the structural path, not on lines.

    >>> fingerprint("SRV001", "models.ranker.service_time")
    '33f66edc85bfbfbf'
    """
    text = f"{rule}\n{identity}" + (f"\n{ordinal}" if ordinal else "")
    return _sha256()(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Location(msgspec.Struct, frozen=True):
    """A part of a file, counted as in editors: lines and columns from 1, the end column exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class ShownTerm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A term of a finding, with the location of its fact."""

    name: str
    label: str
    value: float | str | bool
    unit: str
    origin: str
    text: str
    location: Location | None = None
    note: str = ""
    limit: bool = False


class ShownRelated(msgspec.Struct, frozen=True):
    """A related place of a finding."""

    at: str
    message: str
    location: Location


class Cure(msgspec.Struct, frozen=True):
    """A fix: a pattern, how it helps here, its page and its implementation.

    `docs` is the address of the pattern's page, and `reference` the name for `archlint reference`. Each is empty if
    there is none.
    """

    pattern: str
    title: str
    text: str
    docs: str
    reference: str = ""

    @property
    def start(self) -> str:
        """The command that starts the reference implementation; empty if there is none.

        >>> Cure("batch", "Batch", "A job scores ahead.", "", "batch").start
        'archlint reference batch'
        """
        return start_command(self.reference)


def reference_name(folder: str) -> str:
    """Return the name of the implementation in a folder, for `archlint reference`; empty if there is none.

    >>> reference_name("reference_impls/prep_pred")
    'prep-pred'
    """
    return folder.rpartition("/")[2].replace("_", "-")


def start_command(reference: str) -> str:
    """Return the command that starts an implementation, given its name or folder; empty if there is none."""
    name = reference_name(reference)
    return f"archlint reference {name}" if name else ""


class ShownPlace(msgspec.Struct, frozen=True):
    """A place of a finding that has several; a baseline knows it by its `fingerprint`."""

    at: str
    message: str
    location: Location
    fingerprint: str


class Finding(msgspec.Struct, frozen=True):
    """A violation of a rule at a line of a file; `path` are the places that a request passes, in order.

    `paths` are the structural paths of all places that violate the rule; they stay the same if lists are reordered. The
    fingerprint is made of the first. If the finding is `joint`, the places violate the rule only together, and any of
    them identifies the finding; otherwise, each violates it alone.

    `group` names the one decision that fixes all findings of a rule with the same text; empty if there is none. After
    `grouped`, `places` are the places of all of them, its own first.
    """

    rule: str
    name: str
    severity: str
    certainty: str
    at: str
    location: Location
    message: str
    terms: tuple[ShownTerm, ...]
    related: tuple[ShownRelated, ...]
    cures: tuple[Cure, ...]
    fingerprint: str
    docs: str
    cause: str = ""
    band: tuple[float, float] | None = None
    suggestion: str = ""
    path: tuple[ShownRelated, ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()
    joint: bool = False
    loss: float = 0.0
    group: str = ""
    places: tuple[ShownPlace, ...] = ()

    @property
    def all_places(self) -> tuple[ShownPlace, ...]:
        """Its places: one, or those of all findings that it stands for."""
        return self.places or (ShownPlace(self.at, self.message, self.location, self.fingerprint),)

    @property
    def elsewhere(self) -> tuple[ShownRelated, ...]:
        """The other places of the finding, as related ones."""
        return tuple(ShownRelated(one.at, f"the same at {one.at}", one.location) for one in self.places[1:])

    @property
    def all_related(self) -> tuple[ShownRelated, ...]:
        """Its other places, and everything that it refers to."""
        return (*self.elsewhere, *self.related)


_LAST_INFOS: Final = {"REL": 1, "OPS": 2}
"""Families whose informative findings come last: most systems have them, and they hide rarer ones."""


def order_of(finding: Finding) -> tuple[int, int, float, str, int, int, str]:
    """Return the sort key of findings in every report: severity, then impact (`loss`), then place.

    Informative findings that most systems have (one replica, no prediction log, no monitoring) come after the others.
    """
    here = finding.location
    severity = Severity(finding.severity)
    common = _LAST_INFOS.get(finding.rule[:3], 0) if severity is Severity.INFO else 0
    return -severity.rank, common, -round(finding.loss, 9), here.file, here.line, here.column, finding.rule


def grouped(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in their order; those that one decision fixes are one finding, with its places.

    They have the same rule, `group` and severity; the weakest certainty of them is that of all. The fingerprint is made
    of the rule and the group, so that it stays the same if a place is added or removed; each place keeps its own.
    """
    members: dict[tuple[str, ...], list[Finding]] = {}
    for finding in sorted(findings, key=order_of):
        alone = "" if finding.group else str(id(finding))
        key = finding.rule, finding.group, finding.severity, alone
        members.setdefault(key, []).append(finding)
    seen: dict[tuple[str, str], int] = {}
    whole = []
    for (rule, name, *_), found in members.items():
        if not name or found[0].places:    # they are grouped already
            whole += found
            continue
        ordinal = seen[rule, name] = seen.get((rule, name), -1) + 1
        whole.append(_one(found, fingerprint(rule, f"group {name}", ordinal)))
    return tuple(sorted(whole, key=order_of))


_CERTAINTIES: Final = ("proven", "estimated", "heuristic")
"""From the strongest to the weakest."""


def count_of(findings: Iterable[Finding]) -> int:
    """Return the number of findings as every output counts them: those that one decision fixes are one."""
    return len(grouped(findings))


def _one(members: list[Finding], identity: str) -> Finding:
    """Return the finding of a group: the first one, with the places and fixes of all."""
    first, *others = members
    others.sort(key=lambda one: (one.location.file, one.location.line, one.location.column, one.at))
    places = tuple(ShownPlace(one.at, one.message, one.location, one.fingerprint) for one in (first, *others))
    more = f" (and {len(others):,} more {'place' if len(others) == 1 else 'places'})" if others else ""
    return msgspec.structs.replace(
        first,
        message=f"{first.message}{more}",
        certainty=max((one.certainty for one in members), key=_CERTAINTIES.index),
        fingerprint=identity,
        cures=tuple(dict.fromkeys(cure for one in members for cure in one.cures)),
        places=places,
    )
