"""Changes to random systems: without a meaning, or of one name only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import yaml
from hypothesis import strategies as st

from archlint.model.words import VERBS
from tests.strategies import Tree

_COMPONENT_KEYS = frozenset({*VERBS, "to", "from", "callback", "dead_letter", "features", "registry", "client"})
_MODEL_KEYS = frozenset({"serves", "trains", "models", "adapter_of", "quantised_from", "index_of"})


class Rename(NamedTuple):
    """One part of a system with another name."""

    section: str
    old: str
    new: str


def parts_of(tree: Tree) -> Iterator[tuple[str, str]]:
    assert isinstance(tree, dict)
    for section in ("components", "models", "workloads"):
        named = tree.get(section, {})
        assert isinstance(named, dict)
        yield from ((section, name) for name in named)


@st.composite
def renames(draw: st.DrawFn, tree: Tree) -> Rename:
    """A rename of any one part; the new name sorts before, after or among the others."""
    section, old = draw(st.sampled_from(sorted(parts_of(tree))))
    return Rename(section, old, draw(st.sampled_from(["aaa", "zzz", f"{old}-v2", f"m-{old}"])))


def renamed(tree: Tree, rename: Rename) -> Tree:
    """The same system with a part under its new name, wherever it is named."""
    assert isinstance(tree, dict)
    keys = {"components": _COMPONENT_KEYS, "models": _MODEL_KEYS, "workloads": frozenset[str]()}[rename.section]
    copy: dict[str, Tree] = {}
    for key, value in tree.items():
        if not isinstance(value, dict):
            copy[key] = value
            continue
        names = {name: rename.new if (key, name) == (rename.section, rename.old) else name for name in value}
        copy[key] = {names[name]: _within(facts, keys, rename) for name, facts in value.items()}
    return copy


def _within(node: Tree, keys: frozenset[str], rename: Rename) -> Tree:
    if not isinstance(node, dict):
        return node
    return {key: _named(value, rename, keys) if key in keys else _within(value, keys, rename)
            for key, value in node.items()}  # fmt: skip


def _named(node: Tree, rename: Rename, keys: frozenset[str]) -> Tree:
    if isinstance(node, list):
        return [_named(item, rename, keys) for item in node]
    if isinstance(node, dict):
        return _within(node, keys, rename)
    return rename.new if node == rename.old else node


Shuffle = Callable[[list[str]], list[str]]


@st.composite
def shuffled(draw: st.DrawFn, tree: Tree) -> Tree:
    """The same system in another order: sections, parts, keys of a part, and lists where order means nothing.

    The relations of a component keep their order if one of them leads to a cache: a hit skips the later ones.
    """
    if isinstance(tree, list):
        return [draw(shuffled(item)) for item in tree]
    if not isinstance(tree, dict):
        return tree
    copy = {key: draw(shuffled(value)) for key, value in tree.items()}
    verbs = [key for key in copy if key in VERBS]
    order = draw(st.permutations(list(copy)))
    related = str([copy[verb] for verb in verbs])
    if "'hit_ratio':" in related or "'kind':" in related:
        places = [index for index, key in enumerate(order) if key in VERBS]
        for index, verb in zip(places, verbs, strict=True):
            order[index] = verb
    else:
        for verb in verbs:
            value = copy[verb]
            if isinstance(value, list):
                copy[verb] = draw(st.permutations(value))
    zones = copy.get("zones")
    if isinstance(zones, list):
        copy["zones"] = draw(st.permutations(zones))
    return {key: copy[key] for key in order}


_UNITS = {"ms": (("us", 1000), ("s", 0.001)), "min": (("s", 60),), "h": (("min", 60),), "d": (("h", 24),)}


@st.composite
def respelt(draw: st.DrawFn, tree: Tree, key: str = "") -> Tree:
    """The same facts in other units."""
    if isinstance(tree, dict):
        return {name: draw(respelt(value, name)) for name, value in tree.items()}
    if isinstance(tree, list):
        return [draw(respelt(item, key)) for item in tree]
    if not draw(st.booleans()):
        return tree
    if tree.endswith("%"):
        return f"{float(tree[:-1]) / 100:.10g}"
    if tree.endswith("GB"):
        return f"{tree[:-2]}000MB"
    number = tree.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = tree[len(number) :]
    if number.isdigit() and unit in _UNITS and key != "schedule":
        other, factor = draw(st.sampled_from(_UNITS[unit]))
        return f"{int(number) * factor:.10g}{other}"
    return tree


class _Quoted(str):
    """A text that is written in quotes."""


class _Styled(yaml.SafeDumper):
    """Writes text unchanged, or in quotes if it is marked."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - mypy knows it as an attribute of instances

    def ignore_aliases(self, data: object) -> bool:
        return True


_Styled.add_representer(
    _Quoted, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style='"')
)
_PLAIN = {"true", "false"}


@st.composite
def styled(draw: st.DrawFn, tree: Tree) -> str:
    """A system in another style: flow or block, quotes, comments, empty lines."""
    quotes, wide = draw(st.booleans()), draw(st.booleans())
    text = yaml.dump(
        _marked(tree) if quotes else tree, Dumper=_Styled, sort_keys=False, width=100_000 if wide else 60,
        default_flow_style=draw(st.sampled_from([True, False, None])), indent=draw(st.sampled_from([2, 4])),
    )  # fmt: skip
    lines = ["# a comment: above", ""]
    for line in text.splitlines():                 # a narrow text breaks within words, where no comment can stand
        if wide and draw(st.booleans()):
            lines += ["", "  # another"]
        lines.append(f"{line}  # beside it" if wide else line)
    return "\n".join(lines) + "\n"


def _marked(tree: Tree) -> Tree:
    if isinstance(tree, dict):
        return {key: _marked(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_marked(item) for item in tree]
    return tree if tree in _PLAIN else _Quoted(tree)
