"""Reads the keys of a configuration file into layers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from archlint.config.keys import PER_PATH, RULE, TOP, Key
from archlint.config.paths import Patterns, is_pattern
from archlint.config.places import Steps
from archlint.config.pricelist import read_prices
from archlint.config.records import Config, Layer, ParamSaid, RuleSaid, Word
from archlint.config.toml import Table, TableReader, Toml, kind_of
from archlint.model.names import Names
from archlint.model.quantities import shorten
from archlint.packs import PackSource, Problems, package_folders

_BASELINE_HINT: Final = f"write baseline = {TOP['baseline'].example}; it is relative to this file's folder"


class Base(NamedTuple):
    """The file that a configuration extends, and whether it belongs to an installed package."""

    file: Path
    installed: bool


class LayerReader(TableReader):
    """Reads one file. `root` is its folder; `path` is the path of its table (`tool`, `archlint`, or empty).

    `installed`: the file belongs to an installed package, and so do the rule folders that it names.
    """

    def __init__(self, toml: Toml, path: Steps, root: Path, problems: Problems, installed: bool = False) -> None:
        super().__init__(toml.places, problems)
        self.installed = installed
        self.file = toml.file
        self.top = toml.table(path) or {}
        self.path = path
        self.root = root

    def config(self) -> Config:
        """Return the configuration of this file alone, without the file that it extends."""
        self.known(self.top, self.path, TOP, "a configuration")
        exclude = self._patterns(self.top, (*self.path, "exclude"), TOP["exclude"])
        sources = self.words(self.top, (*self.path, "packs"), TOP["packs"].example) or ()
        return Config(
            root=self.root,
            file=self.file,
            layers=(self._layer(self.top, self.path, None), *self._per_path()),
            exclude=(exclude,) if exclude.lines else (),
            packs=tuple(PackSource(text, self.root, where, self.installed) for text, where in sources),
            technologies=self._technologies(),
            prices=read_prices(self, self.top, (*self.path, "prices")),
            fail_on=self._word_of(self.top, (*self.path, "fail-on"), TOP["fail-on"], "level") or "",
            baseline=self._baseline(),
            baseline_strict=self._strict(),
            require_described=self._require_described(),
        )

    def extended(self) -> Base | None:
        """Return the file that this one extends: a path, or a file of an installed package (`package:file`)."""
        value = self.top.get("extend")
        if value is None:
            return None
        path = (*self.path, "extend")
        if not isinstance(value, str):
            self.wrong(path, TOP["extend"].kind.value, value, f"extend = {TOP['extend'].example}")
        elif os.path.isfile(self.root / value):
            return Base(self.root / value, self.installed)
        else:
            found = _in_package(value)
            if isinstance(found, Path):
                return Base(found, installed=True)
            message, hint = found
            self.problems.add(self.places.of_value(*path), message, hint)
        return None

    def _baseline(self) -> Path | None:
        """Read the path of the baseline; the file need not exist yet."""
        value = self.top.get("baseline")
        if value is None:
            return None
        if isinstance(value, str) and value.strip() and "\0" not in value:
            return self.root / value
        what = "an empty text" if isinstance(value, str) else kind_of(value)
        where = self.places.of_value(*self.path, "baseline")
        self.problems.add(where, f"`baseline` needs the path of a file, but has {what}", _BASELINE_HINT)
        return None

    def _strict(self) -> bool:
        path = (*self.path, "baseline-strict")
        value = self.top.get("baseline-strict", False)
        if isinstance(value, bool):
            return value
        key = TOP["baseline-strict"]
        self.wrong(path, key.kind.value, value, f"baseline-strict = {key.example}")
        return False

    def _require_described(self) -> tuple[str, ...]:
        """Read the families of facts that every file must describe: all of them, or those in a list."""
        key, path = TOP["require_described"], (*self.path, "require_described")
        value = self.top.get("require_described", False)
        if isinstance(value, bool):
            return ("all",) if value else ()
        words = self.words(self.top, path, key.example) or ()
        for text, where in words:
            if text not in key.words:
                likely = Names(key.words).nearest(text)
                hint = f"did you mean `{likely}`?" if likely else f"valid values: {', '.join(key.words)}"
                self.problems.add(where, f"unknown family of facts `{shorten(text)}`", hint)
        return tuple(text for text, _ in words if text in key.words)

    def _layer(self, table: Table, path: Steps, paths: Patterns | None) -> Layer:
        select = self._names(table, (*path, "select"), TOP["select"])
        ignore = self._names(table, (*path, "ignore"), TOP["ignore"])
        place = next((self.places.of_key(*path, key) for key in ("ignore", "select") if key in table), "")
        return Layer(select, ignore or (), tuple(self._rules(table, (*path, "rules"))), paths, place=place)

    def _names(self, table: Table, path: Steps, key: Key) -> tuple[Word, ...] | None:
        words = self.words(table, path, key.example)
        return None if words is None else tuple(Word(text, where) for text, where in words)

    def _patterns(self, table: Table, path: Steps, key: Key) -> Patterns:
        """Read patterns in `.gitignore` syntax."""
        found = []
        for text, where in self.words(table, path, key.example) or ():
            if is_pattern(text):
                found.append((text, where))
            else:
                message = f"`{shorten(text)}` is not a pattern"
                self.problems.add(where, message, "write it as in a .gitignore: teams/risk/**")
        source = "exclude" if path[-1] == "exclude" else "per-path"
        return Patterns(
            self.root, tuple(text for text, _ in found), source=source, places=tuple(where for _, where in found)
        )

    def _per_path(self) -> Iterator[Layer]:
        """Read the tables `[[per-path]]`."""
        path = (*self.path, "per-path")
        example = TOP["per-path"].example
        value = self.top.get("per-path", [])
        if not isinstance(value, list):
            self.wrong(path, "a list of tables", value, example)
            return
        for index, table in enumerate(value):
            steps = (*path, index)
            if not isinstance(table, dict):
                self.problems.add(
                    self.places.of_value(*steps), f"`per-path` holds {kind_of(table)}", f"write {example}"
                )
                continue
            self.known(table, steps, PER_PATH, "`per-path`")
            paths = self._patterns(table, (*steps, "paths"), PER_PATH["paths"])
            if not table.get("paths") and "path" not in table:
                self.problems.add(
                    self.places.of_key(*steps), "`per-path` says no paths", f"add paths = {PER_PATH['paths'].example}"
                )
            yield self._layer(table, steps, paths)

    def _rules(self, table: Table, path: Steps) -> Iterator[RuleSaid]:
        """Read the tables `[rules.SRV005]`."""
        example = TOP["rules"].example
        rules = self.below(table, path, example)
        for name in rules:
            steps = (*path, name)
            rule = self.below(rules, steps, example)
            otherwise = f"parameters of the rule stand below [rules.{name}.params]"
            self.known(rule, steps, RULE, f"the table of {shorten(name)}", otherwise)
            params = self.below(rule, (*steps, "params"), f"[rules.{name}.params]")
            said = [(Word(key, self.places.of_key(*steps, "params", key)), value) for key, value in params.items()]
            yield RuleSaid(
                Word(name, self.places.of_key(*steps)),
                self._word_of(rule, (*steps, "severity"), RULE["severity"], "severity"),
                tuple(ParamSaid(key, value, self.places.of_value(*steps, "params", key.text)) for key, value in said),
            )

    def _word_of(self, table: Table, path: Steps, key: Key, what: str) -> str | None:
        value = table.get(str(path[-1]))
        return None if value is None else self.one_of(value, key.words, path, what)

    def _technologies(self) -> tuple[Path, ...]:
        found = []
        for text, where in self.words(self.top, (*self.path, "technologies"), TOP["technologies"].example) or ():
            if os.path.isfile(self.root / text):
                found.append(self.root / text)
            else:
                hint = "its path is relative to this file's folder"
                self.problems.add(where, f"there is no file {text} with technologies", hint)
        return tuple(found)


def _in_package(text: str) -> Path | tuple[str, str]:
    """Find `package:file` without running code of the package; otherwise return what is wrong and what to do."""
    package, colon, name = text.partition(":")
    if not colon or not all(part.isidentifier() for part in package.split(".")):
        return f"there is no file {text} to extend", "its path is relative to this file's folder"
    folders = package_folders(package)
    if not folders:
        return f"the package {shorten(package)} is not installed", "install it, or name a file beside this one"
    for folder in folders:
        file = (folder / name).resolve()
        if file.is_file() and file.is_relative_to(folder.resolve()):
            return file
    return f"the package {shorten(package)} has no file {shorten(name)}", "name a file inside the package"
