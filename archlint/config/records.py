"""A configuration in layers, and the settings of one file that result from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from archlint.config.paths import Patterns, match, match_itself
from archlint.config.prices import ListedPrice
from archlint.packs import Pack, PackSource, ParamValue

ALL: Final = "ALL"


class RuleSettings(msgspec.Struct, frozen=True):
    """The settings of one rule: its severity (`error`, `warning`, `info`) and parameters, in base units."""

    severity: str | None = None
    params: dict[str, ParamValue] = {}


class Settings(msgspec.Struct, frozen=True):
    """The settings that apply to one file.

    `select` and `ignore` hold rule ids, names, or the letters of a family; `ALL` means every rule.
    `rules` are by id.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    rules: dict[str, RuleSettings] = {}

    def runs(self, pack: Pack) -> bool:
        """Whether a rule is selected and not ignored; the more specific selector wins.

        So `select = ["ALL", "OPS003"]` with `ignore = ["OPS"]` runs OPS003. Equally specific: it is ignored.
        """
        return _closeness(pack, self.select) > _closeness(pack, self.ignore)

    def of(self, pack: Pack) -> RuleSettings:
        """Return the settings of a rule."""
        return self.rules.get(pack.id) or RuleSettings()


def _closeness(pack: Pack, words: Iterable[str]) -> int:
    """How specifically some words select a rule: 3 by id or name, 2 by family, 1 by ALL, 0 not at all."""
    ranks = {ALL: 1, pack.family: 2, pack.id: 3, pack.name: 3}
    return max((ranks.get(word, 0) for word in words), default=0)


class Word(msgspec.Struct, frozen=True):
    """A word of a configuration with its place (`file:line:column`, or the option of a call)."""

    text: str
    where: str = ""


class ParamSaid(msgspec.Struct, frozen=True):
    """A parameter as it is written; its unit depends on the rule, so it is read once the rules are known."""

    name: Word
    value: object
    where: str


class RuleSaid(msgspec.Struct, frozen=True):
    """The settings of one rule as they are written, by its id or name."""

    rule: Word
    severity: str | None = None
    params: tuple[ParamSaid, ...] = ()


class Layer(msgspec.Struct, frozen=True):
    """One part of a configuration, for files that `paths` match (for all files, if there are none).

    Later layers win. A layer with `select` replaces what earlier ones select and ignore; one with only `ignore`
    adds to them. `rules` are the settings of `said` by rule id; `validate` fills them in. `place` is where the layer
    chooses rules: its `ignore`, or its `select`.
    """

    select: tuple[Word, ...] | None = None
    ignore: tuple[Word, ...] = ()
    said: tuple[RuleSaid, ...] = ()
    paths: Patterns | None = None
    rules: dict[str, RuleSettings] = {}
    place: str = ""


class Config(msgspec.Struct, frozen=True):
    """A configuration, with those that it extends.

    `root` is the folder of its file, or of the project if there is no file (`file` is None). `exclude` leaves out paths
    when folders are searched. `packs` are further rules. `technologies` are files in the form of the catalogue.
    `prices` are by the name of an accelerator or technology. `fail_on` is empty if it is not set. `baseline` is the
    named file of known findings; with `baseline_strict`, it may only shrink. `require_described` are the
    families of facts that every file must describe.
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
    require_described: tuple[str, ...] = ()

    def settings_for(self, path: Path) -> Settings:
        """Return the settings of a file; call it on a configuration that `validate` returned."""
        return _settings(layer for layer in self.layers if layer.paths is None or layer.paths.match(path))

    def leaves_rules(self, packs: Iterable[Pack]) -> bool:
        """Whether some rule runs for some files: for all, or for those of one layer with `paths`."""
        for own in (None, *(layer for layer in self.layers if layer.paths is not None and layer.select)):
            settings = _settings(layer for layer in self.layers if layer.paths is None or layer is own)
            if any(settings.runs(pack) for pack in packs):
                return True
        return False

    def choice_of_rules(self) -> str:
        """The place of the last layer for all files that selects or ignores rules; empty if none has a place."""
        return next((layer.place for layer in self.layers[::-1] if layer.paths is None and layer.place), "")

    def excludes(self, path: Path, below: Path | None = None) -> bool:
        """Whether `exclude` matches a file or folder, or a folder above it (with `below`: below that one)."""
        return match(self.exclude, path, below)

    def excludes_itself(self, path: Path, is_folder: bool) -> bool:
        """Whether `exclude` matches a file or folder by itself; a search asks from the top down."""
        return match_itself(self.exclude, path, is_folder)

    def with_options(
        self, select: Iterable[str] = (), ignore: Iterable[str] = (), exclude: Iterable[str] = ()
    ) -> Config:
        """Add the options of a call; `exclude` is relative to the current folder, or to the root."""
        selected = tuple(Word(text, "--select") for text in select) or None
        ignored = tuple(Word(text, "--ignore") for text in ignore)
        excluded = tuple(exclude)
        return msgspec.structs.replace(
            self,
            layers=(*self.layers, Layer(selected, ignored)) if selected or ignored else self.layers,
            exclude=(*self.exclude, option_patterns(excluded, self.root)) if excluded else self.exclude,
        )


def _settings(layers: Iterable[Layer]) -> Settings:
    """Return the settings that result from some layers."""
    select: tuple[Word, ...] = (Word(ALL),)
    ignore: tuple[Word, ...] = ()
    rules: dict[str, RuleSettings] = {}
    for layer in layers:
        if layer.select is not None:
            select, ignore = layer.select, ()
        ignore += layer.ignore
        for rule, settings in layer.rules.items():
            before = rules.get(rule, RuleSettings())
            rules[rule] = RuleSettings(settings.severity or before.severity, {**before.params, **settings.params})
    return Settings(tuple(word.text for word in select), tuple(word.text for word in ignore), rules)


def option_patterns(lines: tuple[str, ...], root: Path) -> Patterns:
    """The patterns of `--exclude`: relative to the current folder, and to that of the configuration."""
    return Patterns(root, lines, (Path.cwd(),), "--exclude")
