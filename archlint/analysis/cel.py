"""Expressions of the Common Expression Language, compiled once and evaluated over plain values.

The library (the extra `cel`) is loaded when the first expression is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from archlint.about import install_command
from archlint.analysis.fact_names import wrong_name
from archlint.errors import PackError
from archlint.model.quantities import shorten

_STRING: Final = re.compile(r"""[rRbB]{0,2}(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")
_CHAIN: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)((?:\s*\.\s*[A-Za-z_]\w*)+)")
_WORD: Final = re.compile(r"p[0-9]{1,2}(?:\.[0-9]{1,4})?(?![\w])|[A-Za-z_]\w*")
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']*)'")
_NO_KEY: Final = re.compile(r"Key not found in map : \"(.*)\"", re.DOTALL)


class Missing(msgspec.Struct, frozen=True):
    """The result of an expression that needs a missing fact; `key` is the last name of its path."""

    key: str


class _Type(Protocol):
    def name(self) -> str: ...


class _Result(Protocol):
    def type(self) -> _Type: ...
    def value(self) -> object: ...


class _Compiled(Protocol):
    def eval(self, *, data: Mapping[str, object]) -> _Result: ...
    def return_type(self) -> _Type: ...


class _Environment(Protocol):
    def compile(self, expression: str, /) -> _Compiled: ...


class Expression:
    """A compiled expression that is true or false. `what` names it in messages (`rule.yaml: `require``)."""

    def __init__(self, text: str, compiled: _Compiled, what: str) -> None:
        self.text = text
        self.what = what
        self.chains = chains_in(text)
        self._compiled = compiled

    def evaluate(self, variables: Mapping[str, object], subject: str) -> bool | Missing:
        """Return the result for a subject; raises `PackError` if it fails for another reason than a missing fact."""
        try:
            result = self._compiled.eval(data=variables)
        except RuntimeError as error:                      # the library limits the work of one evaluation
            problem = str(error).removeprefix("INTERNAL: ").removesuffix(" [INTERNAL]")
            message = f"{self.what}: `{shorten(self.text, 80)}` fails for `{subject}`: {problem}"
            raise PackError(message, "put fewer loops inside each other") from None
        kind, value = result.type().name(), result.value()
        if isinstance(value, bool):
            return value
        if kind == "ERROR":
            missing = _NO_KEY.search(str(value))
            if missing is not None:
                return Missing(missing[1])
            problem = str(value).partition(": ")[2] or str(value)
            raise PackError(
                f"{self.what}: `{shorten(self.text, 80)}` fails for `{subject}`: {problem}",
                "facts are floating-point numbers: in arithmetic write 2.0, not 2",
            )
        raise PackError(
            f"{self.what}: `{shorten(self.text, 80)}` is {kind.lower()}, not true or false",
            "compare it with something",
        )


def compile_expressions(texts: Mapping[str, str], variables: Iterable[str], where: str) -> dict[str, Expression]:
    """Compile expressions by the name of their parameter; raises `PackError` for a wrong one or an unknown fact."""
    names = (*variables, "params")
    environment = _environment(names, where)
    return {name: _compile(environment, text, f"{where}: `{name}`", names) for name, text in texts.items()}


def _environment(variables: Iterable[str], where: str) -> _Environment:
    from importlib import import_module

    try:
        library = import_module("cel_expr_python.cel")
    except ImportError:
        raise PackError(f"{where}: the check `expression` needs CEL", install_command("cel")) from None
    environment: _Environment = library.NewEnv(variables=dict.fromkeys(variables, library.Type.DYN))
    return environment


def _compile(environment: _Environment, text: str, what: str, variables: Iterable[str]) -> Expression:
    try:
        compiled = environment.compile(text)
    except (RuntimeError, ValueError) as error:
        problem = re.sub(r"^(?:INVALID_ARGUMENT: )?(?:ERROR: )?", "", str(error)).partition("\n")[0]
        place, _, message = problem.partition(": ")
        column = place.rpartition(":")[2]
        at = f", column {column}" if column.isdigit() else ""
        unknown = _UNDECLARED.search(problem)
        if unknown is not None:
            message, hint = f"there is no `{unknown[1]}` here", f"the variables are {', '.join(variables)}"
        else:
            message, hint = message or problem, "see the language of CEL"
        raise PackError(f"{what}: `{shorten(text, 80)}`{at}: {message}", hint) from None
    if compiled.return_type().name() not in {"BOOL", "DYN"}:
        raise PackError(f"{what}: `{shorten(text, 80)}` is not true or false", "compare it with something")
    check_chains(text, what)
    return Expression(text, compiled, what)


def check_chains(text: str, what: str) -> None:
    """Raise `PackError` if a text names a fact that a variable does not have."""
    for variable, *names in chains_in(text):
        of = {"source": "component", "target": "component"}.get(variable, variable)
        wrong = wrong_name(of, names) if of != "params" else None
        if wrong is not None:
            message, _, hint = wrong.partition("; ")
            raise PackError(f"{what}: {message}", hint)


def chains_in(text: str) -> list[tuple[str, ...]]:
    """Find the dotted names in an expression, outside its string literals.

    >>> chains_in("component.owner.team != 'x.y' && system.name != ''")
    [('component', 'owner', 'team'), ('system', 'name')]
    """
    bare = _STRING.sub('""', text)
    variables = {"component", "workload", "model", "relation", "system", "source", "target", "params"}
    return [
        (match[1], *(name.strip() for name in match[2].split(".")[1:]))
        for match in _CHAIN.finditer(bare) if match[1] in variables
    ]  # fmt: skip


def words_in(*texts: str) -> frozenset[str]:
    """Find all words of some texts, and percentiles such as p99.9.

    >>> sorted(words_in("workload.slo.latency['p99.9'] < 1.0"))
    ['latency', 'p99.9', 'slo', 'workload']
    """
    return frozenset(word for text in texts for word in _WORD.findall(text))
