"""The files of a module: a folder of `.tf` and `.tf.json` files, and the files with values of variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Site
from archlint.importers.terraform.hcl import PLAN, MissingParserError, read_body
from archlint.importers.terraform.jsons import read_json_body
from archlint.importers.terraform.registry import MODULES, module_of
from archlint.importers.terraform.syntax import Attribute, Block, Body, Literal, Template
from archlint.source.document import Document
from archlint.source.files import real_path

SUFFIXES: Final = (".tf", ".tf.json", ".tofu", ".tofu.json")
VALUES: Final = (".tfvars", ".tfvars.json")
MAX_FILES: Final = 2_000
MAX_TEXT: Final = 4 * 1024 * 1024
"""Parsing takes about 3 s for a MiB."""


class Folder:
    """One folder with what its files state together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bodies: list[Body] = []
        self.by_type: dict[str, list[Block]] = {}
        self.variables: dict[str, Block] = {}
        self.locals: dict[str, Attribute] = {}
        self.outputs: dict[str, Attribute] = {}
        self.named: dict[str, Block] = {}
        self.registered: dict[str, str] = {}
        """Calls of known modules of the public registry."""

    def add(self, body: Body) -> None:
        """Add what one file states; the first of two equal names is used."""
        self.bodies.append(body)
        for block in body.blocks:
            self.by_type.setdefault(block.type, []).append(block)
            if block.type == "locals":
                for name, attribute in block.body.attributes.items():
                    self.locals.setdefault(name, attribute)
            elif block.type == "variable" and block.labels:
                self.variables.setdefault(block.labels[0], block)
            elif block.type == "output" and block.labels and "value" in block.body.attributes:
                self.outputs.setdefault(block.labels[0], block.body.attributes["value"])
            elif block.type == "resource" and len(block.labels) > 1:
                self.named.setdefault(".".join(block.labels[:2]), block)
            elif block.type == "data" and len(block.labels) > 1:
                self.named.setdefault("data." + ".".join(block.labels[:2]), block)
            elif block.type == "module" and block.labels and (name := module_of(source_of(block))) in MODULES:
                self.registered.setdefault(block.labels[0], name)

    def blocks(self, kind: str) -> list[Block]:
        """Return the blocks of a type, in the order of the files."""
        return self.by_type.get(kind, [])


def source_of(block: Block) -> str:
    """Return the source of a module block, if it is a literal, as Terraform asks; empty for any other."""
    attribute = block.body.attributes.get("source")
    value = attribute.value if attribute is not None else None
    if isinstance(value, Template) and len(value.parts) == 1:
        value = value.parts[0] if isinstance(value.parts[0], Literal) else None
    return value.text if isinstance(value, Literal) else ""


class Folders:
    """The folders of an import, each read once."""

    def __init__(self, files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> None:
        self.files = files
        self.notes = notes
        self.left_out = left_out
        self.named: list[Path] = []
        """Files with values of variables that the call names."""
        self.known: dict[Path, Folder | None] = {}
        self.read: dict[Path, None] = {}

    def at(self, path: Path) -> Folder | None:
        """Return the module in a folder; None without Terraform files."""
        key = real_path(path)
        if key not in self.known:
            self.known[key] = self._load(path)
        return self.known[key]

    def _load(self, path: Path) -> Folder | None:
        folder = Folder(path)
        for file in _files(path, SUFFIXES):
            if not real_path(file).is_relative_to(self.files.root):
                self.notes.append(f"{file}: not read, since it leads out of the project")
                continue
            body = self.body(file)
            if body is not None:
                folder.add(body)
        return folder if folder.bodies else None

    def body(self, file: Path) -> Body | None:
        """Return the blocks of one file; a mistake in it is noted with its place."""
        try:
            text = self.files.text(file)
            if file.name.endswith(".json"):
                document = self.files.documents(file)[0]
                found: tuple[Body, Site | None] = (read_json_body(document), None)
            elif len(text) > MAX_TEXT:
                what = f"{self.files.shown(file)}: larger than {MAX_TEXT // 1024**2} MiB of HCL: it is not read"
                raise UnreadableInputError(what, f"exclude it, or give a plan: {PLAN}")
            else:
                found = read_body(Document(self.files.shown(file), text, None))
        except MissingParserError:
            raise
        except UnreadableInputError as error:
            self.left_out.append((str(file), error.message))
            if error.message not in self.notes:
                self.notes.append(error.message + (f": {error.hint}" if error.hint else ""))
            return None
        body, flaw = found
        if flaw is not None:
            self.notes.append(f"{flaw.shown}: invalid HCL; the rest of the file is read")
        self.read[file] = None
        return body

    def values(self, path: Path) -> Iterator[tuple[str, Attribute]]:
        """Yield the values in files that Terraform loads by itself or the call names, the most important last."""
        named = {real_path(file) for file in self.named}
        for file in (*_files(path, VALUES), *self.named):
            stem = file.name.removesuffix(".json").removesuffix(".tfvars")
            if stem != "terraform" and not stem.endswith(".auto") and real_path(file) not in named:
                self.notes.append(f"{file}: not used: Terraform loads it only if its command names it")
                continue
            body = self.body(file)
            if body is not None:
                yield from body.attributes.items()


def _files(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files of a folder by name; those of `terraform.` come before `.auto.` ones."""
    try:
        found = [one for one in path.iterdir() if one.name.endswith(suffixes) and os.path.isfile(one)]
    except OSError:
        return []
    ordered = sorted(found, key=lambda one: (".auto." in one.name, one.name))
    return [one for one in ordered[:MAX_FILES] if not one.name.startswith(".")]

