"""Validates the parts of a configuration that depend on the rules: their names, and their parameters."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from archlint.config.records import ALL, Config, Layer, RuleSaid, RuleSettings, Word
from archlint.errors import ConfigError, PackError
from archlint.model.names import nearest
from archlint.packs import Pack, ParamValue, Problems, fit_params, param_of


def validate(config: Config, packs: Iterable[Pack]) -> Config:
    """Return the configuration with the parameters of rules in base units.

    Raises one `ConfigError` with all unknown rules and all parameters that do not fit.
    """
    if not any(layer.select or layer.ignore or layer.said for layer in config.layers):
        return config
    validation = _Validation(packs)
    layers = tuple(validation.layer(layer) for layer in config.layers)
    validation.problems.raise_as(ConfigError)
    return msgspec.structs.replace(config, layers=layers)


class _Validation:
    """Validates each layer; mistakes are collected, and wrong values left out."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.problems = Problems()
        self.packs: dict[str, Pack] = {}
        self.words: dict[str, None] = {ALL: None}
        for pack in packs:
            self.packs[pack.id] = self.packs[pack.name] = pack
            self.words.update(dict.fromkeys((pack.id, pack.name, pack.family)))

    def layer(self, layer: Layer) -> Layer:
        for word in (*(layer.select or ()), *layer.ignore):
            if word.text not in self.words:
                self.unknown(word, self.words)
        rules: dict[str, RuleSettings] = dict(layer.rules)
        said: dict[str, Word] = {}
        for entry in layer.said:
            pack = self.packs.get(entry.rule.text)
            if pack is None:
                self.no_single_rule(entry.rule)
                continue
            first = said.setdefault(pack.id, entry.rule)
            if first is not entry.rule:
                message = f"`{entry.rule.text}` is {first.text}, which has a table already at {first.where}"
                self.problems.add(entry.rule.where, message, "join the two")
            rules[pack.id] = self.settings(pack, entry)
        return msgspec.structs.replace(layer, rules=rules)

    def unknown(self, word: Word, known: Iterable[str]) -> None:
        likely = nearest(word.text, known)
        hint = f"did you mean `{likely}`?" if likely else "`archlint rules` lists them"
        self.problems.add(word.where, f"there is no rule `{word.text}`", hint)

    def no_single_rule(self, word: Word) -> None:
        if word.text in self.words:
            message = f"`{word.text}` stands for several rules, and severity and parameters are those of one"
            self.problems.add(word.where, message, "give each rule a table of its own")
        else:
            self.unknown(word, self.packs)

    def settings(self, pack: Pack, entry: RuleSaid) -> RuleSettings:
        known = {} if pack.check == "reader_problem" else pack.params
        params: dict[str, ParamValue] = {}
        for param in entry.params:
            declared = known.get(param.name.text)
            if declared is None:
                likely = nearest(param.name.text, known)
                hint = (
                    f"did you mean `{likely}`?" if likely else f"it has: {', '.join(known)}" if known else "it has none"
                )
                message = f"{pack.id} {pack.name} has no parameter `{param.name.text}`"
                self.problems.add(param.name.where, message, hint)
                continue
            try:
                params[param.name.text] = param_of(param.value, declared.unit)
            except ValueError as error:
                self.problems.take(param.where, error)
                continue
            try:
                fit_params(pack, {param.name.text: params[param.name.text]})
            except PackError as error:
                self.problems.add(param.where, error.message, error.hint)
        return RuleSettings(entry.severity, params)
