"""A configuration in layers, and what they come to for one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from archlint.config.paths import Patterns
from archlint.config.prices import ListedPrice
from archlint.packs import Pack, PackSource, ParamValue

ALL: Final = "ALL"


class RuleSettings(msgspec.Struct, frozen=True):
    """What is set of one rule: its severity (`error`, `warning`, `info`) and parameters, in base units."""

    severity: str | None = None
    params: dict[str, ParamValue] = {}


class Settings(msgspec.Struct, frozen=True):
    """What holds for one file.

    `select` and `ignore` hold rule ids, names, or the letters of a family; `ALL` stands for every rule.
    `rules` are by id.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    rules: dict[str, RuleSettings] = {}

    def runs(self, pack: Pack) -> bool:
        """Whether a rule is selected and not ignored; the word that means fewer rules counts.

        So `select = ["ALL", "OPS003"]` with `ignore = ["OPS"]` runs OPS003; a draw means that it is ignored.
        """
        return _closeness(pack, self.select) > _closeness(pack, self.ignore)

    def of(self, pack: Pack) -> RuleSettings:
        """Return what is set of a rule."""
        return self.rules.get(pack.id) or RuleSettings()


def _closeness(pack: Pack, words: Iterable[str]) -> int:
    """How closely some words mean a rule: 3 by id or name, 2 by family, 1 by ALL, 0 not at all."""
    ranks = {ALL: 1, pack.family: 2, pack.id: 3, pack.name: 3}
    return max((ranks.get(word, 0) for word in words), default=0)


class Word(msgspec.Struct, frozen=True):
    """What a configuration says in one word, and where (`file:line:column`, or the option of a call)."""

    text: str
    where: str = ""


class ParamSaid(msgspec.Struct, frozen=True):
    """A parameter as a configuration says it: its unit is the rule's affair, so it is read once rules are known."""

    name: Word
    value: object
    where: str


class RuleSaid(msgspec.Struct, frozen=True):
    """What a configuration says of one rule, by id or name."""

    rule: Word
    severity: str | None = None
    params: tuple[ParamSaid, ...] = ()


class Layer(msgspec.Struct, frozen=True):
    """One part of a configuration, in force where one of `paths` matches (everywhere, if there are none).

    Later layers win. A layer that says `select` starts afresh: what earlier ones select and ignore is
    forgotten; one that says `ignore` alone adds to theirs. `rules` is what `said` comes to, by id; `validate`
    fills it in.
    """

    select: tuple[Word, ...] | None = None
    ignore: tuple[Word, ...] = ()
    said: tuple[RuleSaid, ...] = ()
    paths: Patterns | None = None
    rules: dict[str, RuleSettings] = {}


class Config(msgspec.Struct, frozen=True):
    """A configuration, with those that it extends.

    `root` is the folder of its file, or of the project where there is none (`file` is None). `exclude` leaves
    paths out where folders are searched; `packs` are further rules; `technologies` are files in the form of
    the catalogue; `prices` are by the name of an accelerator or technology; `fail_on` is empty where it is
    not said. `baseline` is the file of findings that are known already, where it is named; `baseline_strict` says that
    it may only shrink.
    """

    root: Path
    file: Path | None = None
    layers: tuple[Layer, ...] = ()
    exclude: tuple[Patterns, ...] = ()
    packs: tuple[PackSource, ...] = ()
    technologies: tuple[Path, ...] = ()
    prices: dict[str, ListedPrice] = {}
    fail_on: str = ""
    baseline: Path | None = None
    baseline_strict: bool = False

    def settings_for(self, path: Path) -> Settings:
        """Return what holds for a file; of a configuration that `validate` has returned."""
        select: tuple[Word, ...] = (Word(ALL),)
        ignore: tuple[Word, ...] = ()
        rules: dict[str, RuleSettings] = {}
        for layer in self.layers:
            if layer.paths is not None and not layer.paths.match(path):
                continue
            if layer.select is not None:
                select, ignore = layer.select, ()
            ignore += layer.ignore
            for rule, settings in layer.rules.items():
                before = rules.get(rule, RuleSettings())
                rules[rule] = RuleSettings(settings.severity or before.severity, {**before.params, **settings.params})
        return Settings(tuple(word.text for word in select), tuple(word.text for word in ignore), rules)

    def excludes(self, path: Path, below: Path | None = None) -> bool:
        """Whether `exclude` matches a file or folder, or a folder above it (with `below`: below that one)."""
        return any(patterns.match(path, below) for patterns in self.exclude)

    def excludes_itself(self, path: Path, is_folder: bool) -> bool:
        """Whether `exclude` matches a file or folder by itself; a search asks from the top down."""
        return any(patterns.match_itself(path, is_folder) for patterns in self.exclude)

    def with_options(
        self, select: Iterable[str] = (), ignore: Iterable[str] = (), exclude: Iterable[str] = ()
    ) -> Config:
        """Put what one call asks for on top; `exclude` is relative to the current folder, or to the root."""
        selected = tuple(Word(text, "--select") for text in select) or None
        ignored = tuple(Word(text, "--ignore") for text in ignore)
        excluded = tuple(exclude)
        return msgspec.structs.replace(
            self,
            layers=(*self.layers, Layer(selected, ignored)) if selected or ignored else self.layers,
            exclude=(*self.exclude, option_patterns(excluded, self.root)) if excluded else self.exclude,
        )


def option_patterns(lines: tuple[str, ...], root: Path) -> Patterns:
    """The patterns of `--exclude`: relative to the current folder, and to that of the configuration."""
    return Patterns(root, lines, (Path.cwd(),), "--exclude")
