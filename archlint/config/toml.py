"""Parses TOML with the places of its values, and reads tables; each mistake has its place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from pathlib import Path
from typing import Final

from archlint.config.keys import TOP
from archlint.config.places import Places, Steps
from archlint.errors import ConfigError
from archlint.model.names import nearest
from archlint.model.quantities import shorten
from archlint.packs import Problems

Table = dict[str, object]
_MOST_PARTS: Final = 50
_LIKELY: Final = {
    "fail_on": "fail-on", "per_path": "per-path", "disable": "ignore", "enable": "select", "extends": "extend",
    "overrides": "per-path", "skip": "ignore", "baseline_strict": "baseline-strict",
    "require-described": "require_described",
    "path": "paths", "level": "severity", "parameters": "params",
}  # fmt: skip


class Toml:
    """A parsed file with the places of its keys and values."""

    def __init__(self, file: Path, data: Table, places: Places) -> None:
        self.file = file
        self.data = data
        self.places = places

    def table(self, path: Steps) -> Table | None:
        """Return the table at a path, if there is one."""
        found: object = self.data
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else None


def parse_toml(file: Path, shown: str, data: bytes) -> Toml:
    """Parse the bytes of a file; raises `ConfigError` if it is not TOML. `shown` names the file in messages."""
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        _refuse_long_keys(text, shown)
        return Toml(file, tomllib.loads(text), Places(shown, text))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        where = f"{shown}:{before.count(10) + 1}:{error.start - before.rfind(10)}"
        raise ConfigError.at(where, f"not UTF-8: byte {error.start}", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).rpartition(" (at ")
        line, _, column = place.removeprefix("line ").rstrip(")").partition(", column ")
        if not column:  # at the end of the document
            line, column = str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
        where = f"{shown}:{line}:{column}"
        message = (what or str(error)).lower()
        raise ConfigError.at(where, f"not TOML: {message}", "correct it there, or just above") from None
    except ValueError as error:  # a number with thousands of digits
        raise ConfigError.at(shown, f"not TOML: {error}", "write shorter numbers") from None
    except RecursionError:
        raise ConfigError.at(shown, "nests too deep", "write lists and tables flat") from None


def _refuse_long_keys(text: str, shown: str) -> None:
    """Raise `ConfigError` for a key of very many parts: tomllib needs memory with the square of their number."""
    if text.count(".") <= _MOST_PARTS:
        return
    import re

    part = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
    found = re.search(rf"(?<![\w-]){part}(?:[ \t]*+\.[ \t]*+{part}){{{_MOST_PARTS}}}", text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        where = f"{shown}:{line}:{found.start() - text.rfind(chr(10), 0, found.start())}"
        raise ConfigError.at(where, f"a key of more than {_MOST_PARTS} parts", "write tables flat")


class TableReader:
    """Reads the tables of one file; mistakes are collected in `problems`, and wrong values left out."""

    def __init__(self, places: Places, problems: Problems) -> None:
        self.places = places
        self.problems = problems

    def known(self, table: Table, path: Steps, keys: Iterable[str], what: str, otherwise: str = "") -> None:
        """Report each unknown key."""
        names = tuple(keys)
        for key in table:
            if key in names:
                continue
            likely = nearest(key, names, {wrong: right for wrong, right in _LIKELY.items() if right in names})
            hint = f"did you mean `{likely}`?" if likely else otherwise or f"known: {', '.join(names)}"
            if likely is None and key in TOP:
                hint = f"`{key}` belongs to the top level: write it above the first table"
            self.problems.add(self.places.of_key(*path, key), f"{what} has no key `{shorten(key)}`", hint)

    def wrong(self, path: Steps, wanted: str, value: object, example: str) -> None:
        """Report a value of the wrong kind."""
        message = f"`{path[-1]}` needs {wanted}, but has {kind_of(value)}"
        self.problems.add(self.places.of_value(*path), message, f"write {example}")

    def words(self, table: Table, path: Steps, example: str) -> list[tuple[str, str]] | None:
        """Return the texts of a list, each with its place; None if the key is missing."""
        key = str(path[-1])
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.wrong(path, "a list of texts", value, f"{key} = {example}")
            return []
        found = []
        for index, item in enumerate(value):
            where = self.places.of_value(*path, index)
            if isinstance(item, str) and item.strip():
                found.append((item, where))
            else:
                what = "an empty text" if isinstance(item, str) else kind_of(item)
                self.problems.add(where, f"`{key}` holds {what}", f"write texts, as in {key} = {example}")
        return found

    def below(self, table: Table, path: Steps, example: str) -> Table:
        """Return the table at the last key of a path; an empty one if it is missing."""
        value = table.get(str(path[-1]), {})
        if isinstance(value, dict):
            return value
        self.wrong(path, "a table", value, example)
        return {}

    def one_of(self, value: object, words: tuple[str, ...], path: Steps, what: str) -> str | None:
        """Return one of some allowed words."""
        where = self.places.of_value(*path)
        if not isinstance(value, str):
            self.wrong(path, f"a {what}", value, f'{path[-1]} = "{words[1]}"')
        elif value in words:
            return value
        elif what == "severity" and value.lower() in {"off", "ignore", "none", "never", "disabled"}:
            self.problems.add(where, f"`{shorten(value)}` is no {what}", "to leave a rule out, put it under `ignore`")
        else:
            likely = nearest(value, words)
            hint = f"did you mean `{likely}`?" if likely else f"write {', '.join(words)}"
            self.problems.add(where, f"`{shorten(value)}` is no {what}", hint)
        return None


def kind_of(value: object) -> str:
    """Describe the kind of a TOML value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (str, f"the text `{shorten(str(value))}`"), ((int, float), f"the number {value}"), (list, "a list"),
        (dict, "a table"), ((date, time), "a date or time"),
    )  # fmt: skip
    return next((name for kind, name in kinds if isinstance(value, kind)), "something else")
