"""The index of the rules that ship: what a check needs of all of them, in one file that every start reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from archlint.packs.records import CureRule, Pack, PackText, Param
from archlint.verdicts import Severity

FILE: Final = "index.json"


class _IndexedRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule without its texts, but with its fixes, which every finding shows.

    `where` of a parameter is the line and column in the rule's file.
    """

    folder: str
    check: str
    severity: Severity
    status: str
    facts: str = ""
    needs: tuple[tuple[str, ...], ...] = ()
    params: tuple[Param, ...] = ()
    cures: tuple[CureRule, ...] = ()
    imported: str = ""


def index_of(packs: Iterable[Pack]) -> bytes:
    """Return the content of the index of some rules: one rule a line."""
    rules = (
        _IndexedRule(
            pack.folder.name, pack.check, pack.severity, pack.status, pack.facts,
            tuple(tuple(sorted(words)) for words in pack.needs),
            tuple(replace(param, where=param.where.rpartition("rule.yaml:")[2]) for param in pack.params.values()),
            pack.cures,
            pack.imported,
        )
        for pack in packs
    )  # fmt: skip
    return b"[\n" + b",\n".join(msgspec.json.encode(rule) for rule in rules) + b"\n]\n"


def read_index(folder: Path, names: Sequence[str] | None) -> list[Pack] | None:
    """Read the index of a folder of rules; None without one, or if it has other rules than these.

    Without `names`, the rules are those of the index: an installation has the folders in an archive.
    """
    try:
        data = (folder / FILE).read_bytes()
    except OSError:
        return None
    rules = msgspec.json.decode(data, type=list[_IndexedRule])
    if names is not None and [rule.folder for rule in rules] != list(names):
        return None
    return [_pack(rule, os.path.join(folder, rule.folder)) for rule in rules]


def _pack(rule: _IndexedRule, folder: str) -> Pack:
    rule_id, _, name = rule.folder.partition("-")
    file = os.path.join(folder, "rule.yaml")
    params = {param.name: replace(param, where=f"{file}:{param.where}") for param in rule.params}
    needs = tuple(frozenset(words) for words in rule.needs)
    pack = Pack(
        rule_id, name, rule.check, rule.severity, rule.status, params, folder, _read_text,
        facts=rule.facts, needs=needs, shipped=True, imported=rule.imported,
    )  # fmt: skip
    pack.__dict__["cures"] = rule.cures       # the cache of `Pack.cures`
    return pack


def _read_text(folder: Path) -> PackText:
    from archlint.packs.reading import read_text

    return read_text(folder)
