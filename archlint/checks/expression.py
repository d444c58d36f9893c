"""A rule in one expression: house rules without Python.

The parameters `when` and `require` are expressions of the Common Expression Language over the facts of one
subject (see `archlint.analysis.fact_names`). Any other parameter of the rule is theirs as `params.NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from archlint.analysis.cel import Expression, Missing, chains_in, check_chains, compile_expressions, words_in
from archlint.analysis.fact_names import SUBJECTS, likely_name
from archlint.analysis.fact_sheets import Sheet, Sheets
from archlint.analysis.fact_values import Leaf, Value
from archlint.analysis.system import System
from archlint.errors import PackError
from archlint.model.names import nearest
from archlint.model.places import Place
from archlint.model.quantities import format_quantity, shorten
from archlint.verdicts import Hit, Origin, Term, Undecided, Verdict

_PLACEHOLDER: Final = re.compile(r"\{([a-z_][\w.]*)\}")
_GRAPH: Final = frozenset(
    (
        "reached_by",
        "relations",
        "incoming",
        "modes",
        "servers",
        "components",
        "waiting",
        "workloads",
        "models",
    )
)
_MAX_NEEDS: Final = 12


class Params(msgspec.Struct, frozen=True, rename={"subject": "for"}):
    """subject (`for`): what the rule judges: component, workload, model, relation or system.

    when: which of them it judges, as an expression; require: what has to be true for them. message: the message
    of a finding, with facts in braces. at: the key below the subject where it is reported. values, units: all other
    parameters.
    """

    require: str
    message: str
    subject: str = "component"
    when: str = "true"
    at: str = ""
    values: dict[str, float | str | bool] = {}
    units: dict[str, str] = {}


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each subject that `when` selects and that fails `require`."""
    yield from prepare(params, "the check `expression`")(system, params)


def prepare(params: Params, where: str) -> Callable[[System, Params], Iterator[Verdict]]:
    """Compile the expressions of a rule; raises `PackError` at `where` for what is wrong with them."""
    if params.subject not in SUBJECTS:
        likely = nearest(params.subject, SUBJECTS)
        hint = f"did you mean `{likely}`?" if likely else f"write {', '.join(SUBJECTS)}"
        raise PackError(f"{where}: `for`: `{shorten(params.subject)}` is not a subject of rules", hint)
    ends = ("source", "target") if params.subject == "relation" else ()
    variables = tuple(dict.fromkeys((params.subject, *ends, "system")))
    placeholders = " ".join(_PLACEHOLDER.findall(params.message))
    check_chains(placeholders, f"{where}: `message`")
    _check_variables(placeholders, variables, params, where)
    compiled = compile_expressions({"when": params.when, "require": params.require}, variables, where)
    for expression in compiled.values():
        _check_params(expression.chains, params, expression.what)
    house_rule = _HouseRule(params, compiled["when"], compiled["require"], where)
    return lambda system, _params: house_rule.verdicts(system)


def _check_variables(placeholders: str, variables: tuple[str, ...], params: Params, where: str) -> None:
    for word in placeholders.split():
        if word.split(".")[0] not in (*variables, "params"):
            raise PackError(
                f"{where}: `message`: there is no `{word}` here", f"the variables are {', '.join(variables)}"
            )
    _check_params(chains_in(placeholders), params, f"{where}: `message`")


def _check_params(chains: list[tuple[str, ...]], params: Params, what: str) -> None:
    for variable, *names in chains:
        if variable == "params" and names[0] not in params.values:
            likely = nearest(names[0], params.values)
            hint = f"did you mean `{likely}`?" if likely else "add it to the `params` of the rule"
            raise PackError(f"{what}: the rule has no parameter `{names[0]}`", hint)


class _HouseRule:
    """The compiled rule."""

    def __init__(self, params: Params, when: Expression, require: Expression, where: str) -> None:
        self.params = params
        self.when = when
        self.require = require
        self.where = where
        self.mentioned = words_in(params.when, params.require, *_PLACEHOLDER.findall(params.message))
        self.required = _paths(require)

    def verdicts(self, system: System) -> Iterator[Verdict]:
        for sheet in Sheets(system, self.mentioned).of(self.params.subject):
            verdict = self._judge(sheet)
            if verdict is not None:
                yield verdict

    def _judge(self, sheet: Sheet) -> Verdict | None:
        """Judge one subject: a missing fact leaves it undecided, unless the other facts decide."""
        variables: Mapping[str, object] = {**sheet.variables, "params": self.params.values}
        concerned = self.when.evaluate(variables, sheet.name)
        if concerned is False:
            return None
        fulfilled = self.require.evaluate(variables, sheet.name)
        if fulfilled is True:
            return None
        if concerned is True and fulfilled is False:
            return self._hit(sheet)
        lacking = [(expression, result) for expression, result in ((self.when, concerned), (self.require, fulfilled))
                   if isinstance(result, Missing)]  # fmt: skip
        missing = [leaf for expression, result in lacking for leaf in self._missing(sheet, expression, result.key)]
        if any(leaf.not_asked for leaf in missing):
            return None  # the product does not ask for it: the rule does not apply
        needs = tuple(dict.fromkeys(leaf.place for leaf in missing))
        return Undecided(self._at(sheet), needs[:_MAX_NEEDS], "what the rule requires", max(0, len(needs) - _MAX_NEEDS))

    def _missing(self, sheet: Sheet, expression: Expression, key: str) -> list[Leaf]:
        """Find the missing facts for which an expression asks: those that it names, else all of that last name."""
        missing = [leaf for leaf in sheet.leaves if leaf.value is None]
        named = _paths(expression)
        found = [leaf for leaf in missing if leaf.path in named]
        if not any(leaf.path.endswith(f".{key}") for leaf in found):
            found += [leaf for leaf in missing if leaf.path.endswith(f".{key}") and leaf not in found]
        if not found:
            likely = likely_name(key)
            hint = (
                f"did you mean `{likely}`?"
                if likely and likely != key
                else "name facts by words, as in component.replicas"
            )
            message = f"`{shorten(expression.text, 80)}` uses `{shorten(key)}`, which does not exist here"
            raise PackError(f"{expression.what}: {message}", hint)
        return found

    def _at(self, sheet: Sheet) -> Place:
        return sheet.place.key(*self.params.at.split(".")) if self.params.at else sheet.place

    def _hit(self, sheet: Sheet) -> Hit:
        leaves = {leaf.path: leaf for leaf in sheet.leaves}
        message = _PLACEHOLDER.sub(lambda match: self._shown(match[1], leaves), self.params.message)
        absent = tuple(leaf.place for leaf in sheet.leaves if leaf.absent or leaf.value is None)
        terms = tuple(
            self._term(leaf) for path, leaf in leaves.items()
            if path in self.required and leaf.value is not None and not isinstance(leaf.value, list | dict)
        )  # fmt: skip
        limits = tuple(
            Term(f"params_{name}", f"params.{name}", value, self.params.units.get(name, ""), Origin.ASSUMED, None,
                 "parameter of the rule", limit=True)
            for name, value in self.params.values.items() if f"params.{name}" in self.required
        )  # fmt: skip
        return Hit(
            self._at(sheet),
            message,
            (*terms, *limits),
            absent=absent,
            whole_graph=bool(self.mentioned & _GRAPH),
        )

    def _term(self, leaf: Leaf) -> Term:
        """One fact that the requirement rests on; its name is the path without the subject."""
        steps = leaf.path.split(".")
        name = "_".join(steps[1:] if steps[0] == self.params.subject else steps)
        value = leaf.value if isinstance(leaf.value, bool | float | str) else ""
        if leaf.absent:
            return Term(name, leaf.path, "none", "", Origin.STATED, None, "absent in the file")
        at = leaf.place if leaf.origin is Origin.STATED else None
        return Term(name, leaf.path, value, leaf.unit, leaf.origin, at, leaf.note)

    def _shown(self, path: str, leaves: Mapping[str, Leaf]) -> str:
        """Write a fact for a reader."""
        variable, _, name = path.partition(".")
        if variable == "params":
            return format_quantity(self.params.values.get(name, ""), self.params.units.get(name, ""))
        leaf = leaves.get(path)
        return "unknown" if leaf is None or leaf.value is None else _text(leaf.value, leaf)


def _paths(expression: Expression) -> set[str]:
    """Name the facts that an expression names: each chain and what it starts with, as its end may be a method."""
    return {".".join(chain[:end]) for chain in expression.chains for end in range(2, len(chain) + 1)}


def _text(value: Value, leaf: Leaf) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item, leaf) for item in value) or "none"
    if isinstance(value, dict):
        return "some"
    if value == "" or value == float("inf"):
        return "none"
    return format_quantity(value, leaf.unit)
