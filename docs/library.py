"""Write the page about the library: the signature, docstring and fields of each public name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from types import FunctionType

import msgspec

import archlint

HEAD = """\
# The library

```python
import archlint
```

`archlint.check` reports findings, `archlint.load` returns a system to query, `archlint.render` draws it,
`archlint.analyze` computes its numbers, `archlint.simulate` simulates its requests, `archlint.whatif`, `archlint.sweep`
and `archlint.sensitivity` compute changed versions, `archlint.diff` compares two versions, and `archlint.drift`
compares a description with the files that deploy it. Each takes a path, or a text with a line break in it. Problems in
an architecture file are values in the result. An exception means an invalid call; all exceptions are `ArchlintError`.

All names on this page are in `archlint`, such as `archlint.Finding`. `archlint.__version__` is the version, a `str`.
"""
_RECORDS_HEAD = """\
## Records

The values in the fields above. All of them are immutable.
"""
_ERRORS_HEAD = """\
## Errors
"""
_FUNCTIONS = ("check", "load", "render", "analyze", "simulate", "whatif", "sweep", "sensitivity", "diff", "drift")
_WIDTH = 100
_ORDER = (
    "Report", "FileReport", "Finding", "OpenQuestion", "Severity", "Certainty", "System", "Difference",
    "SystemDifference", "Drifted", "Numbers", "Simulated", "WhatIf", "Sweep", "Sensitivity", "Config",
)  # fmt: skip
_RECORDS = (
    "Location", "ShownTerm", "ShownRelated", "ShownPlace", "Cure", "InputError", "Accepted", "Baselined", "BaselineUse",
    "BaselineEntry", "RecognisedPattern", "ActiveRule", "PartChange", "Change", "Drift", "DerivedChange", "Regraded",
    "WorkloadNumbers", "ComponentNumbers", "Quantity", "Missing", "Term", "Origin", "Place", "Waterfall",
    "WaterfallStep", "Breaking", "Contribution", "Variant", "NumberChange", "Axis", "Row", "Cell", "Changes",
    "Simulation", "StreamResult", "CentreResult", "Interval", "Moment", "Away",
)  # fmt: skip
_ERRORS = ("ArchlintError", "UsageError", "ConfigError", "PackError", "UnreadableInputError", "DiffError")
_CONFIG = frozenset(
    {
        "root", "file", "fail_on", "baseline", "baseline_strict", "require_described", "technologies", "excludes",
        "with_options",
    }
)  # fmt: skip
_SHOWN = {
    "Config": _CONFIG, "Axis": frozenset({"path", "values"}),
    "Variant": frozenset({"system", "report", "numbers", "name"}), **dict.fromkeys(_ERRORS[1:], frozenset[str]()),
}  # fmt: skip
"""Classes of which the page shows only these members: the others are internal, or shown with their base class."""


def library_page() -> str:
    """Return the page; raises `ValueError` if it leaves out a public name."""
    if missing := set(archlint.__all__) - {*_FUNCTIONS, *_ORDER, *_RECORDS, *_ERRORS, "__version__"}:
        raise ValueError(f"docs/library.py has no place for {', '.join(sorted(missing))}")
    parts = [HEAD, *(_function(getattr(archlint, name), f"archlint.{name}", "##") for name in _FUNCTIONS)]
    parts += [_class(getattr(archlint, name)) for name in _ORDER]
    parts += [_RECORDS_HEAD, *(_class(getattr(archlint, name), "###") for name in _RECORDS)]
    return "\n".join([*parts, _ERRORS_HEAD, *(_class(getattr(archlint, name), "###") for name in _ERRORS)])


def _function(function: Callable[..., object], name: str, heading: str) -> str:
    return f"{heading} {name}\n\n```python\n{signature(function, name)}\n```\n\n{as_markdown(inspect.getdoc(function))}"


def signature(function: Callable[..., object], name: str) -> str:
    """Return the signature of a function or method, with one parameter per line if it is long.

    >>> print(signature(as_markdown, "docs.as_markdown"))
    docs.as_markdown(docstring: str | None) -> str
    """
    found = inspect.signature(function)
    given = [parameter for parameter in found.parameters.values() if parameter.name != "self"]
    shown = [_parameter(parameter) for parameter in given]
    if first := next((i for i, p in enumerate(given) if p.kind is p.KEYWORD_ONLY), 0):
        shown.insert(first, "*")
    returned = f" -> {found.return_annotation}"
    line = f"{name}({', '.join(shown)}){returned}"
    if len(line) <= _WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {one},\n" for one in shown) + f"){returned}"


def _parameter(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}".replace("'", '"')
    return f"{parameter.name}: {parameter.annotation}{default}"


def as_markdown(docstring: str | None) -> str:
    r"""Return a docstring with its doctests as blocks of code.

    >>> as_markdown("Add.\n\n>>> 1 + 1\n2")
    'Add.\n\n```python\n>>> 1 + 1\n2\n```\n'
    """
    blocks = (docstring or "").strip().split("\n\n")
    return "\n\n".join(f"```python\n{block}\n```" if block.startswith(">>>") else block for block in blocks) + "\n"


def _class(cls: type, heading: str = "##") -> str:
    text = f"{heading} {cls.__name__}\n\n{as_markdown(inspect.getdoc(cls))}"
    if issubclass(cls, Enum):
        return text + "\n" + "".join(f"- `{cls.__name__}.{one.name}`: `{one.value!r}`\n" for one in cls)
    shown = _SHOWN.get(cls.__name__)
    values = []
    if issubclass(cls, msgspec.Struct):
        values = [f"- `{name}: {cls.__annotations__[name]}`\n" for name in cls.__struct_fields__
                  if shown is None or name in shown]  # fmt: skip
    values += _properties(cls, shown)
    methods = [_function(member, f"{cls.__name__}.{name}", f"{heading}#") for name, member in _members(cls, shown)
               if isinstance(member, FunctionType)]  # fmt: skip
    return text + ("\n" + "".join(values) if values else "") + "".join(f"\n{method}" for method in methods)


def _properties(cls: type, shown: frozenset[str] | None) -> Iterator[str]:
    for name, member in _members(cls, shown):
        getter = getattr(member, "fget", None) or getattr(member, "func", None)
        if getter is not None:
            returned = inspect.signature(getter).return_annotation
            text, *_ = str(inspect.getdoc(member)).split("\n\n>>>")
            yield f"- `{name}: {returned}`: {' '.join(text.split())}\n"


def _members(cls: type, shown: frozenset[str] | None) -> Iterator[tuple[str, object]]:
    for name, member in vars(cls).items():
        public = not name.startswith("_") or name == "_repr_svg_"
        if public and (shown is None or name in shown) and inspect.getdoc(member):
            yield name, member
