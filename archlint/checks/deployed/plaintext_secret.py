"""Credentials in deployment files."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.checks.deployed._parts import at_thing, hit, parts, things
from archlint.model.deployment import STATED, Part, Site, Value
from archlint.verdicts import Hit, NoParams, Verdict

_MOST_NAMED = 3


class _Secret(msgspec.Struct, frozen=True):
    """A secret of a part: what names it in a message, and where its text is."""

    name: str
    key: str
    site: Site


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part with the text of a credential in its files, and each Secret with one."""
    for name, part in parts(system):
        found = list(_secrets(part))
        if found:
            names = list(dict.fromkeys(one.name for one in found))
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            whose = f"{', '.join(names[:_MOST_NAMED])}{more} of `{name}`"
            have = "value of" if len(names) == 1 else "values of"
            verb, it = ("is", "it") if len(names) == 1 else ("are", "them")
            message = f"the {have} {whose} {verb} in the files: everybody who reads them has {it}"
            yield hit(name, found[0].site, found[0].key, message)
    for owner, thing in things(system):
        if thing.secret:
            message = f"the values of Secret `{thing.name}` are in the files: everybody who reads them has them"
            yield Hit(at_thing(owner, thing), message)


def _secrets(part: Part) -> Iterator[_Secret]:
    for key, value in part.env.items():
        if value.tag == STATED:
            yield _Secret(f"`{key}`", "environment", _place(value))
    for number, value in enumerate(part.command):
        if value.tag == STATED:
            yield _Secret(_named(part, number), "command", _place(value))
    for one in part.running.exposed:
        yield _Secret(f"`{one.key}`" if one.key and " " not in one.key else one.key or "a key", "files", one.site)


def _place(value: Value) -> Site:
    return value.via[0] if value.via else value.site


def _named(part: Part, number: int) -> str:
    """Return what names the secret in a word of a command: its option, or its variable."""
    words = part.command[number].text.split()
    at = next((index for index, word in enumerate(words) if "***" in word), 0)
    word = words[at] if words else ""
    before = words[at - 1] if at else part.command[number - 1].text if number else ""
    name = word.partition("***")[0].rstrip("=:\"'") or before.split()[-1:][0] if before.split() else ""
    if name.lower().strip(":\"'") in {"bearer", "basic", "token"}:
        name = "Authorization"
    name = name.strip("\"':=")
    return f"`{name}`" if name and len(name) < 60 else "a credential"
