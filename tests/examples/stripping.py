"""Removes facts from an architecture file: single ones whose absence means unknown, or all but a sketch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import yaml

from archlint.model.fields import Field, Rec
from archlint.model.vocabulary import COMPONENT_FIELDS, MODEL_RECORD, RELATION_FIELDS, WORKLOAD
from archlint.model.words import VERBS

Tree = dict[str, "Tree"] | list["Tree"] | str
Path = tuple[str | int, ...]
Fields = Mapping[str, Field[object]]

_SECTIONS: dict[str, Fields] = {
    "workloads": WORKLOAD.fields,
    "models": MODEL_RECORD.fields,
    "components": {field.key: field for field in COMPONENT_FIELDS},
}
_SKETCHED = {
    "workloads": frozenset({"from", "models"}),
    "models": frozenset[str](),
    "components": frozenset({"kind", "serves", "trains"}),
}
"""What a sketch keeps of each record, besides the relations of a component."""
_RELATION: Fields = {field.key: field for field in RELATION_FIELDS}


class _Plain(yaml.CSafeDumper):
    """Writes text unchanged: 1.10 stays 1.10, and true stays true."""

    # mypy knows it as an attribute of instances, so it cannot be a ClassVar
    yaml_implicit_resolvers = {}  # noqa: RUF012


def parse(text: str) -> Tree:
    """The file as mappings, lists and text: nothing is taken for a number or a date."""
    tree: Tree = yaml.load(text, Loader=yaml.CBaseLoader)
    return tree


def dump(tree: Tree) -> str:
    """The file again, without comments; every scalar as it was written."""
    return yaml.dump(tree, Dumper=_Plain, sort_keys=False, allow_unicode=True)


def unknown_when_absent(tree: Tree) -> Iterator[Path]:
    """The paths of all facts in a file whose absence means unknown, according to the vocabulary."""
    assert isinstance(tree, dict)
    for section, fields in _SECTIONS.items():
        records = tree.get(section, {})
        assert isinstance(records, dict)
        for name, record in records.items():
            yield from _below((section, name), record, fields)


def _below(path: Path, node: Tree, fields: Fields) -> Iterator[Path]:
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        field = fields.get(key)
        if key in VERBS and isinstance(value, list):
            for index, relation in enumerate(value):
                yield from _below((*path, key, index), relation, _RELATION)
        elif field is not None:
            if field.absent.startswith("unknown"):
                yield (*path, key)
            if isinstance(field.type, Rec):
                yield from _below((*path, key), value, field.type.fields)


def without(tree: Tree, path: Path) -> Tree:
    """A copy without the fact at a path; empty mappings are removed too."""
    if isinstance(tree, list):
        return [without(item, path[1:]) if index == path[0] else item for index, item in enumerate(tree)]
    assert isinstance(tree, dict)
    copy = dict(tree)
    key = path[0]
    assert isinstance(key, str)
    rest = without(copy[key], path[1:]) if len(path) > 1 else ""
    if rest:
        copy[key] = rest
    else:
        del copy[key]
    return copy


def without_all(tree: Tree, paths: Iterable[Path]) -> Tree:
    """A copy without several facts; a mapping that they leave empty is removed too."""
    for path in sorted(paths, key=len, reverse=True):      # inner ones first
        if _holds(tree, path):
            tree = without(tree, path)
    return tree


def _holds(tree: Tree, path: Path) -> bool:
    for step in path:
        if isinstance(tree, dict) and step in tree:
            tree = tree[str(step)]
        elif isinstance(tree, list) and isinstance(step, int):
            tree = tree[step]
        else:
            return False
    return True


def sketch(tree: Tree) -> Tree:
    """The file with names, kinds and relations only: what a team draws on a board."""
    assert isinstance(tree, dict)
    kept: dict[str, Tree] = {"archlint": tree["archlint"]}
    for section, keys in _SKETCHED.items():
        records = tree[section]
        assert isinstance(records, dict)
        kept[section] = {name: _sketched(record, keys) for name, record in records.items()}
    return kept


def _sketched(record: Tree, keys: frozenset[str]) -> Tree:
    assert isinstance(record, dict)
    verbs = {key: value for key, value in record.items() if key in VERBS and isinstance(value, list)}
    related: dict[str, Tree] = {verb: [_target(relation) for relation in ends] for verb, ends in verbs.items()}
    return {key: value for key, value in record.items() if key in keys} | related


def _target(relation: Tree) -> Tree:
    return relation["to"] if isinstance(relation, dict) else relation


def spelt(path: Path) -> str:
    """A path in the form of reports.

    >>> spelt(("components", "api", "calls", 0, "ttl"))
    'components.api.calls[0].ttl'
    """
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).removeprefix(".")
