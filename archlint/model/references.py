"""References to parts that do not exist."""

from __future__ import annotations

from collections.abc import Mapping

from archlint.model.architecture import Component, Model
from archlint.model.names import Names
from archlint.model.quantities import shorten
from archlint.model.reading import Reading, Reference


def report_dangling(r: Reading, components: Mapping[str, Component], models: Mapping[str, Model]) -> None:
    """Report each reference to a name that no file defines, not even in a form that could not be read."""
    read = {"components": components, "models": models}
    names: dict[str, Names] = {}
    for reference in r.references:
        name, section = reference.node.text, reference.section
        if name in read[section] or (section, name) in r.origins:
            continue
        if r.is_full():
            continue
        if section not in names:
            names[section] = Names(steps[1] for steps in r.origins if len(steps) == 2 and steps[0] == section)
        _report(r, reference, names[section])


def _report(r: Reading, reference: Reference, names: Names) -> None:
    name, section = reference.node.text, reference.section
    one, other = section.removesuffix("s"), "models" if section == "components" else "components"
    likely = None
    if (other, name) in r.origins:
        suggestion = f"`{shorten(name)}` is a {other.removesuffix('s')}; write the name of a {one}"
    else:
        likely = r.likely(names, name)
        suggestion = f"did you mean `{likely}`?" if likely else f"define it under `{section}:`"
    r.document = reference.document
    message = f"unknown {one} `{shorten(name)}`"
    r.report("dangling-reference", reference.node.span, message, suggestion, steps=reference.steps)
