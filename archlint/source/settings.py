"""The settings of git that are in force, read without git.

Source: https://git-scm.com/docs/git-config, with its sections "Includes" and "Conditional includes".
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from archlint.source.ignore import parse_pattern

MAX_CONFIG: Final = 1_000_000
_MAX_INCLUDES: Final = 10
_SECTION: Final = r'\s*\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]'
_SETTING: Final = r"(?s)\s*([A-Za-z][\w-]*)[ \t]*(?:=[ \t]*(.*))?$"
_ESCAPES: Final = {"n": "\n", "t": "\t", "b": "\b"}
_CONDITION: Final = "includeif."


class Place(msgspec.Struct, frozen=True):
    """The repository for which settings are read: its folder `.git`, and the branch that is checked out, if one is."""

    folder: str = ""
    branch: str = ""


def read_part(file: str, most: int) -> bytes | None:
    """Read at most so many bytes of a file; None if it does not exist or cannot be read."""
    try:
        if not os.path.isfile(file):
            return None
        with open(file, "rb") as stream:
            return stream.read(most)
    except (OSError, ValueError):
        return None


def without_tilde(path: str) -> str:
    """Return a path with the home folder in the place of `~`."""
    return os.path.expanduser(path) if path.startswith("~") else path


def read_settings(*local: str, place: Place = Place()) -> dict[str, str]:  # noqa: B008 (immutable)
    """The settings of git in force: the system's, the user's, then those of some files; the later one wins."""
    environ = os.environ
    home = os.path.expanduser("~")
    xdg = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    system = [] if environ.get("GIT_CONFIG_NOSYSTEM") else [environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")]
    named = environ.get("GIT_CONFIG_GLOBAL")
    own = [named] if named is not None else [os.path.join(xdg, "git", "config"), os.path.join(home, ".gitconfig")]
    found: dict[str, str] = {}
    for file in (*system, *own, *local):
        found.update(_settings_of(file, place, 0))
    count = environ.get("GIT_CONFIG_COUNT", "")
    for index in range(int(count) if count.isdecimal() else 0):
        found[environ.get(f"GIT_CONFIG_KEY_{index}", "").lower()] = environ.get(f"GIT_CONFIG_VALUE_{index}", "")
    return found


def _settings_of(file: str, place: Place, depth: int) -> Iterator[tuple[str, str]]:
    data = read_part(file, MAX_CONFIG) if file and depth < _MAX_INCLUDES else None
    if data is None:
        return
    for name, value in parse_settings(data.decode("utf-8-sig", "surrogateescape")):
        yield name, value
        section = name.removesuffix(".path")
        if section == "include" or (
            section != name and section.startswith(_CONDITION)
            and _holds(section.removeprefix(_CONDITION), os.path.dirname(file), place)
        ):  # fmt: skip
            yield from _settings_of(os.path.join(os.path.dirname(file), without_tilde(value)), place, depth + 1)


def _holds(condition: str, folder: str, place: Place) -> bool:
    """Whether the condition of an include holds; `folder` is that of the file with the include.

    A condition on the URLs of remotes (`hasconfig:`) never holds here.
    """
    kind, _, pattern = condition.partition(":")
    if not pattern:
        return False
    end = "**" if pattern.endswith("/") else ""
    if kind == "onbranch":
        return bool(place.branch) and _matches(pattern + end, (place.branch,), False)
    if kind not in {"gitdir", "gitdir/i"} or not place.folder:
        return False
    if pattern.startswith("~/"):
        pattern = os.path.realpath(os.path.expanduser("~")) + pattern[1:]
    elif pattern.startswith("./"):
        pattern = os.path.realpath(folder) + pattern[1:]
    elif not os.path.isabs(pattern):
        pattern = f"**/{pattern}"
    return _matches(pattern + end, {os.path.realpath(place.folder), os.path.abspath(place.folder)}, kind == "gitdir/i")


def _matches(pattern: str, paths: Collection[str], ignore_case: bool) -> bool:
    # With a slash in front, a pattern is compared with the whole path, as an ignore file compares it.
    rule = parse_pattern(os.fsencode("/" + pattern.lstrip("/")), ignore_case)
    return rule is not None and any(rule.matches(os.fsencode(path.lstrip("/"))) for path in paths)


def parse_settings(text: str) -> Iterator[tuple[str, str]]:
    r"""Read the settings of a text in the form of git's configuration.

    >>> dict(parse_settings('[core]\n  excludesFile = "~/my ignores" ; mine\n  bare\n[remote "x"] url=a\\\nb\n'))
    {'core.excludesfile': '~/my ignores', 'core.bare': '', 'remote.x.url': 'ab'}
    """
    section = ""
    for line in text.replace("\r\n", "\n").replace("\\\n", "").split("\n"):
        rest = line
        header = re.match(_SECTION, line)
        if header is not None:
            section = header[1].lower() + (f".{header[2]}" if header[2] is not None else "")
            rest = line[header.end() :]
        setting = re.match(_SETTING, rest)
        if setting is not None:
            yield f"{section}.{setting[1].lower()}", _value(setting[2] or "")


def _value(text: str) -> str:
    """Read a value: quotes, escapes, and a comment behind it."""
    found: list[str] = []
    quoted, kept = False, 0
    chars = iter(text)
    for char in chars:
        if char == '"':
            quoted = not quoted
        elif char == "\\":
            escaped = next(chars, "")
            found.append(_ESCAPES.get(escaped, escaped))
        elif char in "#;" and not quoted:
            break
        else:
            found.append(char)
        if quoted or not char.isspace():
            kept = len(found)
    return "".join(found[:kept])
