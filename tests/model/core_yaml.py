"""YAML with the core schema of version 1.2, as in editors that validate with JSON Schema; implemented with PyYAML."""

from __future__ import annotations

import re

import yaml


class CoreLoader(yaml.SafeLoader):
    """Reads null, booleans and numbers as in YAML 1.2; dates and `yes` stay text."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("merge", r"<<", "<"),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), list(first))
for starts in CoreLoader.yaml_implicit_resolvers.values():
    starts.sort(key=lambda resolver: resolver[0].endswith("float"))  # an integer is an integer first


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)


CoreLoader.add_constructor("tag:yaml.org,2002:int", _integer)


def load_core(text: str) -> object:
    """Read a YAML text as JSON: keys are text."""
    return _as_json(yaml.load(text, CoreLoader))


def load_core_all(text: str) -> list[object]:
    """Read each document of a YAML text as JSON."""
    return [_as_json(value) for value in yaml.load_all(text, CoreLoader)]


def _as_json(value: object) -> object:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else _key(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value


def _key(key: object) -> str:
    """The text of a key that is not a string."""
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)
