"""Families of facts: which of them a file describes, so that what it leaves out there does not exist.

A family that a file never mentions is not described: whether its facts exist is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archlint.model.architecture import Architecture
from archlint.model.words import FACT_FAMILIES, FAMILY_OF_KEY

ALL: Final = "all"
NOUNS: Final = {
    "timeouts": ("timeouts", "call"), "dead-letters": ("dead letters", "queue"), "logs": ("logs", "component"),
    "monitoring": ("monitoring", "component"), "owners": ("owners", "part"), "versions": ("versions", "model"),
    "access": ("access", "component"),
}  # fmt: skip
"""How messages name a family, and one place where it has a fact."""
_NEVER_DEPLOYED: Final = frozenset({"timeouts", "owners"})
"""Families that deployment files describe only in part: timeouts are in code, and owners in no manifest."""
NOT_MENTIONED: Final = "the file does not mention "


def described_families(architecture: Architecture, required: Iterable[str] = ()) -> frozenset[str]:
    """Return the families that a file describes: by a fact, by a stated `none`, or by the key `described`.

    `required` are families that the configuration requires of every file. A value that could not be read counts too.
    In an imported system, the timeout of one call says nothing about the others.
    """
    asked = {*architecture.described, *required}
    if ALL in asked:
        return frozenset(FACT_FAMILIES) - {ALL}
    last = (identity.rpartition(".")[2] for identity in (*architecture.nones, *architecture.unread))
    mentioned = {FAMILY_OF_KEY[key] for key in last if key in FAMILY_OF_KEY}
    for family in _mentioned(architecture):
        mentioned.add(family)
        if len(mentioned) == len(NOUNS):
            break
    partly = _NEVER_DEPLOYED if architecture.is_imported else frozenset[str]()
    return frozenset(asked | mentioned - partly)


def family_of(path: str) -> str:
    """Return the family that a key belongs to, by its path; empty if it is in none.

    >>> family_of("components.api.calls[0].timeout"), family_of("components.api.replicas")
    ('timeouts', '')
    """
    return FAMILY_OF_KEY.get(path.rpartition(".")[2], "")


def _mentioned(architecture: Architecture) -> Iterator[str]:
    if architecture.owner is not None:
        yield "owners"
    for model in architecture.models.values():
        if model.version is not None or model.registry is not None:
            yield "versions"
        if model.owner is not None:
            yield "owners"
    for component in architecture.components.values():
        if component.owner is not None:
            yield "owners"
        if component.dead_letter is not None:
            yield "dead-letters"
        if component.auth is not None or component.exposed is not None:
            yield "access"
        for relation in component.relations:
            if relation.verb == "logs_to":
                yield "logs"
            elif relation.verb == "monitored_by":
                yield "monitoring"
            if relation.timeout_s is not None or relation.retries is not None or relation.retry_budget is not None:
                yield "timeouts"
            if relation.max_attempts is not None:
                yield "dead-letters"


def not_described(family: str, places: int) -> str:
    """Say that a file does not describe a family, and at how many places its facts are missing.

    >>> not_described("timeouts", 12)
    'the file does not mention timeouts (12 calls)'
    """
    words, noun = NOUNS[family]
    return f"{NOT_MENTIONED}{words} ({places:,} {noun}{'' if places == 1 else 's'})"
